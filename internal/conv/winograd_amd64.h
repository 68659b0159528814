// Winograd's transforms and max pooling, in one text for AVX-512 and AVX2: the
// file that includes it names the vectors V0 to V15, their SIZE in bytes, the
// functions, and OR.
//
// Each transform takes one vector of channels after the other (BX counts their
// bytes down); it goes by columns from the source to scratch memory, a tile of
// n vectors to a row, and then by rows from there to the destination.

#define BEGIN \
	MOVQ t+0(FP), DX; \
	MOVQ transform_src(DX), SI; \
	MOVQ transform_dst(DX), DI; \
	MOVQ transform_stride(DX), R11; \
	SHLQ $2, R11; \
	MOVQ transform_channels(DX), BX; \
	SHLQ $2, BX

// PIXEL loads the pixel whose offset is i places on in the table.
#define PIXEL(i, v) MOVQ (8*(i))(R8), AX; VMOVUPS (SI)(AX*1), v
#define KEEP(i, v) VMOVUPS v, ((i)*SIZE)(R9)
#define TAKE(i, v) VMOVUPS ((i)*SIZE)(R9), v
// POINT stores the next point.
#define POINT(v) VMOVUPS v, (R10); ADDQ R11, R10

// IN2 transforms V0..V3 to V0, V4, V5, V1: the points 0, 1, -1 and infinity.
#define IN2 \
	VSUBPS V2, V0, V0; \
	VADDPS V2, V1, V4; \
	VSUBPS V1, V2, V5; \
	VSUBPS V3, V1, V1

// func input2(t *transform)
TEXT INPUT2(SB), NOSPLIT, $0-8
	BEGIN

vector:
	MOVQ transform_offsets(DX), R8
	MOVQ transform_scratch(DX), R9
	MOVQ $4, CX

column:
	PIXEL(0, V0); PIXEL(4, V1); PIXEL(8, V2); PIXEL(12, V3)
	IN2
	KEEP(0, V0); KEEP(4, V4); KEEP(8, V5); KEEP(12, V1)
	ADDQ $8, R8
	ADDQ $SIZE, R9
	DECQ CX
	JNZ  column
	MOVQ transform_scratch(DX), R9
	MOVQ DI, R10
	MOVQ $4, CX

row:
	TAKE(0, V0); TAKE(1, V1); TAKE(2, V2); TAKE(3, V3)
	IN2
	POINT(V0); POINT(V4); POINT(V5); POINT(V1)
	ADDQ $(4*SIZE), R9
	DECQ CX
	JNZ  row
	ADDQ $SIZE, SI
	ADDQ $SIZE, DI
	SUBQ $SIZE, BX
	JNZ  vector
	VZEROUPPER
	RET

// IN4 transforms V0..V5 to V0, V1, V6, V3, V7, V5: the points 0, a, -a, b, -b
// and infinity. V10..V15 hold aabb, aa+bb, aa, bb, a, b.
#define IN4 \
	VMOVAPS V4, V6; VFNMADD231PS V2, V13, V6; \
	VMOVAPS V4, V7; VFNMADD231PS V2, V12, V7; \
	VMOVAPS V3, V8; VFNMADD231PS V1, V13, V8; \
	VMOVAPS V3, V9; VFNMADD231PS V1, V12, V9; \
	VFMADD213PS V4, V10, V0; VFNMADD231PS V2, V11, V0; \
	VFMADD231PS V1, V10, V5; VFNMADD231PS V3, V11, V5; \
	VMOVAPS V6, V1; VFMADD231PS V8, V14, V1; VFNMADD231PS V8, V14, V6; \
	VMOVAPS V7, V3; VFMADD231PS V9, V15, V3; VFNMADD231PS V9, V15, V7

// func input4(t *transform)
TEXT INPUT4(SB), NOSPLIT, $0-8
	BEGIN
	MOVQ transform_constants(DX), AX
	VBROADCASTSS 0(AX), V10
	VBROADCASTSS 4(AX), V11
	VBROADCASTSS 8(AX), V12
	VBROADCASTSS 12(AX), V13
	VBROADCASTSS 16(AX), V14
	VBROADCASTSS 20(AX), V15

vector:
	MOVQ transform_offsets(DX), R8
	MOVQ transform_scratch(DX), R9
	MOVQ $6, CX

column:
	PIXEL(0, V0); PIXEL(6, V1); PIXEL(12, V2); PIXEL(18, V3); PIXEL(24, V4); PIXEL(30, V5)
	IN4
	KEEP(0, V0); KEEP(6, V1); KEEP(12, V6); KEEP(18, V3); KEEP(24, V7); KEEP(30, V5)
	ADDQ $8, R8
	ADDQ $SIZE, R9
	DECQ CX
	JNZ  column
	MOVQ transform_scratch(DX), R9
	MOVQ DI, R10
	MOVQ $6, CX

row:
	TAKE(0, V0); TAKE(1, V1); TAKE(2, V2); TAKE(3, V3); TAKE(4, V4); TAKE(5, V5)
	IN4
	POINT(V0); POINT(V1); POINT(V6); POINT(V3); POINT(V7); POINT(V5)
	ADDQ $(6*SIZE), R9
	DECQ CX
	JNZ  row
	ADDQ $SIZE, SI
	ADDQ $SIZE, DI
	SUBQ $SIZE, BX
	JNZ  vector
	VZEROUPPER
	RET

// BEGIN_OUT also sets R14 to the distance of n points, R12 to that of add from
// dst, or to 0 for none, R13 to the bias, AX to the distance of two pixels, and
// V10 to the floor.
#define BEGIN_OUT(n) \
	BEGIN; \
	IMUL3Q $(n), R11, R14; \
	MOVQ   transform_bias(DX), R13; \
	MOVQ   transform_pixelStride(DX), AX; \
	SHLQ   $2, AX; \
	MOVQ   transform_add(DX), R12; \
	TESTQ  R12, R12; \
	JZ     2(PC); \
	SUBQ   DI, R12; \
	VBROADCASTSS transform_floor(DX), V10

// FINISH adds bias and shortcut, applies the floor (in this order NaN stays)
// and stores the next pixel.
#define FINISH(v) \
	VADDPS (R13), v, v; \
	TESTQ  R12, R12; \
	JZ     2(PC); \
	VADDPS (R10)(R12*1), v, v; \
	VMAXPS v, V10, v; \
	VMOVUPS v, (R10); \
	ADDQ   AX, R10
#define LAST(j, next) CMPQ transform_cols(DX), $(j); JEQ next

// OUT2 transforms V0..V3 to V0, V1.
#define OUT2 \
	VADDPS V1, V0, V0; VADDPS V2, V0, V0; \
	VSUBPS V2, V1, V1; VSUBPS V3, V1, V1

// func output2(t *transform)
TEXT OUTPUT2(SB), NOSPLIT, $0-8
	BEGIN_OUT(4)

vector:
	MOVQ SI, R8
	MOVQ transform_scratch(DX), R9
	MOVQ $4, CX

column:
	LEAQ (R8)(R14*1), R10
	VMOVUPS (R8), V0
	VMOVUPS (R10), V1
	VMOVUPS (R8)(R14*2), V2
	VMOVUPS (R10)(R14*2), V3
	OUT2
	KEEP(0, V0); KEEP(4, V1)
	ADDQ R11, R8
	ADDQ $SIZE, R9
	DECQ CX
	JNZ  column
	MOVQ transform_scratch(DX), R9
	MOVQ DI, R8
	MOVQ transform_rows(DX), CX

row:
	MOVQ R8, R10
	TAKE(0, V0); TAKE(1, V1); TAKE(2, V2); TAKE(3, V3)
	OUT2
	FINISH(V0)
	LAST(1, next)
	FINISH(V1)

next:
	MOVQ transform_rowStride(DX), R10
	LEAQ (R8)(R10*4), R8
	ADDQ $(4*SIZE), R9
	DECQ CX
	JNZ  row
	ADDQ $SIZE, SI
	ADDQ $SIZE, DI
	ADDQ $SIZE, R13
	SUBQ $SIZE, BX
	JNZ  vector
	VZEROUPPER
	RET

// OUT4 transforms V0..V5 to V0, V1, V2, V5. V12..V15 are as for IN4.
#define OUT4 \
	VADDPS V2, V1, V6; VSUBPS V2, V1, V7; \
	VADDPS V4, V3, V8; VSUBPS V4, V3, V9; \
	VMULPS V14, V7, V7; VMULPS V15, V9, V9; \
	VADDPS V6, V0, V0; VADDPS V8, V0, V0; \
	VADDPS V9, V7, V1; \
	VMULPS V12, V6, V2; VFMADD231PS V13, V8, V2; \
	VFMADD231PS V12, V7, V5; VFMADD231PS V13, V9, V5

// func output4(t *transform)
TEXT OUTPUT4(SB), NOSPLIT, $0-8
	BEGIN_OUT(6)
	MOVQ transform_constants(DX), R8
	VBROADCASTSS 8(R8), V12
	VBROADCASTSS 12(R8), V13
	VBROADCASTSS 16(R8), V14
	VBROADCASTSS 20(R8), V15

vector:
	MOVQ SI, R8
	MOVQ transform_scratch(DX), R9
	MOVQ $6, CX

column:
	LEAQ (R8)(R14*1), R10
	VMOVUPS (R8), V0
	VMOVUPS (R10), V1
	VMOVUPS (R8)(R14*2), V2
	VMOVUPS (R10)(R14*2), V3
	VMOVUPS (R8)(R14*4), V4
	VMOVUPS (R10)(R14*4), V5
	OUT4
	KEEP(0, V0); KEEP(6, V1); KEEP(12, V2); KEEP(18, V5)
	ADDQ R11, R8
	ADDQ $SIZE, R9
	DECQ CX
	JNZ  column
	MOVQ transform_scratch(DX), R9
	MOVQ DI, R8
	MOVQ transform_rows(DX), CX

row:
	MOVQ R8, R10
	TAKE(0, V0); TAKE(1, V1); TAKE(2, V2); TAKE(3, V3); TAKE(4, V4); TAKE(5, V5)
	OUT4
	FINISH(V0)
	LAST(1, next)
	FINISH(V1)
	LAST(2, next)
	FINISH(V2)
	LAST(3, next)
	FINISH(V5)

next:
	MOVQ transform_rowStride(DX), R10
	LEAQ (R8)(R10*4), R8
	ADDQ $(6*SIZE), R9
	DECQ CX
	JNZ  row
	ADDQ $SIZE, SI
	ADDQ $SIZE, DI
	ADDQ $SIZE, R13
	SUBQ $SIZE, BX
	JNZ  vector
	VZEROUPPER
	RET

// func pool(p *pooling)
//
// The maximum returns its last operand when one is NaN. Taken both ways, one
// result is NaN if either operand is, and their bits together still are one.
TEXT POOL(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DX
	MOVQ pooling_src(DX), SI
	MOVQ pooling_dst(DX), DI
	MOVQ pooling_count(DX), R10
	MOVQ pooling_srcStride(DX), R11
	MOVQ pooling_dstStride(DX), R12

pixel:
	MOVQ pooling_channels(DX), BX
	MOVQ SI, R13
	MOVQ DI, R9

vector:
	MOVQ pooling_offsets(DX), R8
	MOVQ pooling_taps(DX), CX
	MOVQ (R8), AX
	VMOVUPS (R13)(AX*1), V0
	JMP  more

tap:
	ADDQ $8, R8
	MOVQ (R8), AX
	VMOVUPS (R13)(AX*1), V1
	VMAXPS V1, V0, V2
	VMAXPS V0, V1, V0
	OR V2, V0, V0

more:
	DECQ CX
	JNZ  tap
	VMOVUPS V0, (R9)
	ADDQ $SIZE, R13
	ADDQ $SIZE, R9
	SUBQ $(SIZE/4), BX
	JNZ  vector
	LEAQ (SI)(R11*4), SI
	LEAQ (DI)(R12*4), DI
	DECQ R10
	JNZ  pixel
	VZEROUPPER
	RET
