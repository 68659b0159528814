//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// Winograd's transforms and max pooling.
//
// Each transform takes four channels after the other (R4 counts them down); it
// goes by columns from the source to scratch memory, a tile of n vectors to a
// row, and then by rows from there to the destination.

#define BEGIN \
	MOVD t+0(FP), R0; \
	MOVD transform_src(R0), R1; \
	MOVD transform_dst(R0), R2; \
	MOVD transform_stride(R0), R3; \
	LSL  $2, R3; \
	MOVD transform_channels(R0), R4

// PIXEL loads the pixel whose offset is i places on in the table.
#define PIXEL(i, v) MOVD (8*(i))(R5), R9; ADD R1, R9; VLD1 (R9), [v.S4]
// KEEP stores to scratch memory and moves on by a row of n vectors.
#define KEEP(n, v) VST1 [v.S4], (R8); ADD $(16*(n)), R8
#define TAKE(v) VLD1.P 16(R6), [v.S4]
// POINT stores the next point, READ reads the one in the next row.
#define POINT(v) VST1 [v.S4], (R8); ADD R3, R8
#define READ(v) VLD1 (R8), [v.S4]; ADD R14, R8

// IN2 transforms V0..V3 to V0, V4, V5, V1: the points 0, 1, -1 and infinity.
#define IN2 \
	FSUBV(0, 0, 2); \
	FADDV(4, 1, 2); \
	FSUBV(5, 2, 1); \
	FSUBV(1, 1, 3)

// func input2NEON(t *transform)
TEXT ·input2NEON(SB), NOSPLIT, $0-8
	BEGIN

vector:
	MOVD transform_offsets(R0), R5
	MOVD transform_scratch(R0), R6
	MOVD $4, R7

column:
	PIXEL(0, V0); PIXEL(4, V1); PIXEL(8, V2); PIXEL(12, V3)
	IN2
	MOVD R6, R8
	KEEP(4, V0); KEEP(4, V4); KEEP(4, V5); KEEP(4, V1)
	ADD  $8, R5
	ADD  $16, R6
	SUBS $1, R7
	BNE  column
	MOVD transform_scratch(R0), R6
	MOVD R2, R8
	MOVD $4, R7

row:
	TAKE(V0); TAKE(V1); TAKE(V2); TAKE(V3)
	IN2
	POINT(V0); POINT(V4); POINT(V5); POINT(V1)
	SUBS $1, R7
	BNE  row
	ADD  $16, R1
	ADD  $16, R2
	SUBS $4, R4
	BNE  vector
	RET

// CONSTANTS sets V28 to aabb, aa+bb, aa, bb and V29 to a, b.
#define CONSTANTS \
	MOVD transform_constants(R0), R5; \
	VLD1 (R5), [V28.S4, V29.S4]

// IN4 transforms V0..V5 to V10, V1, V6, V3, V7, V5: the points 0, a, -a, b, -b
// and infinity.
#define IN4 \
	VMOV V4.B16, V6.B16; FMLSI(6, 2, 28, 3); \
	VMOV V4.B16, V7.B16; FMLSI(7, 2, 28, 2); \
	VMOV V3.B16, V8.B16; FMLSI(8, 1, 28, 3); \
	VMOV V3.B16, V9.B16; FMLSI(9, 1, 28, 2); \
	VMOV V4.B16, V10.B16; FMLAI(10, 0, 28, 0); FMLSI(10, 2, 28, 1); \
	FMLAI(5, 1, 28, 0); FMLSI(5, 3, 28, 1); \
	VMOV V6.B16, V1.B16; FMLAI(1, 8, 29, 0); FMLSI(6, 8, 29, 0); \
	VMOV V7.B16, V3.B16; FMLAI(3, 9, 29, 1); FMLSI(7, 9, 29, 1)

// func input4NEON(t *transform)
TEXT ·input4NEON(SB), NOSPLIT, $0-8
	BEGIN
	CONSTANTS

vector:
	MOVD transform_offsets(R0), R5
	MOVD transform_scratch(R0), R6
	MOVD $6, R7

column:
	PIXEL(0, V0); PIXEL(6, V1); PIXEL(12, V2); PIXEL(18, V3); PIXEL(24, V4); PIXEL(30, V5)
	IN4
	MOVD R6, R8
	KEEP(6, V10); KEEP(6, V1); KEEP(6, V6); KEEP(6, V3); KEEP(6, V7); KEEP(6, V5)
	ADD  $8, R5
	ADD  $16, R6
	SUBS $1, R7
	BNE  column
	MOVD transform_scratch(R0), R6
	MOVD R2, R8
	MOVD $6, R7

row:
	TAKE(V0); TAKE(V1); TAKE(V2); TAKE(V3); TAKE(V4); TAKE(V5)
	IN4
	POINT(V10); POINT(V1); POINT(V6); POINT(V3); POINT(V7); POINT(V5)
	SUBS $1, R7
	BNE  row
	ADD  $16, R1
	ADD  $16, R2
	SUBS $4, R4
	BNE  vector
	RET

// BEGIN_OUT also sets R14 to the distance of n points, R12 to add or 0, R13 to
// the bias, R15 and R16 to the distances of two pixels and of two rows, and V30
// to the floor.
#define BEGIN_OUT(n) \
	BEGIN; \
	MOVD  $(n), R14; \
	MUL   R3, R14; \
	MOVD  transform_bias(R0), R13; \
	MOVD  transform_pixelStride(R0), R15; \
	LSL   $2, R15; \
	MOVD  transform_rowStride(R0), R16; \
	LSL   $2, R16; \
	MOVD  transform_add(R0), R12; \
	MOVD  transform_cols(R0), R17; \
	MOVD  $transform_floor(R0), R8; \
	VLD1R (R8), [V30.S4]

// FINISH adds bias (V31) and shortcut, applies the floor (NaN stays) and stores
// the next pixel, n, in V(n).
#define FINISH(n, v) \
	FADDV(n, n, 31); \
	CBZ  R12, 4(PC); \
	VLD1 (R11), [V11.S4]; \
	ADD  R15, R11; \
	FADDV(n, n, 11); \
	FMAXV(n, n, 30); \
	VST1 [v.S4], (R8); \
	ADD  R15, R8
#define LAST(j, next) CMP $(j), R17; BEQ next

// OUT2 transforms V0..V3 to V0, V1.
#define OUT2 \
	FADDV(0, 0, 1); FADDV(0, 0, 2); \
	FSUBV(1, 1, 2); FSUBV(1, 1, 3)

// func output2NEON(t *transform)
TEXT ·output2NEON(SB), NOSPLIT, $0-8
	BEGIN_OUT(4)

vector:
	MOVD R1, R5
	MOVD transform_scratch(R0), R6
	MOVD $4, R7

column:
	MOVD R5, R8
	READ(V0); READ(V1); READ(V2); READ(V3)
	OUT2
	MOVD R6, R8
	KEEP(4, V0); KEEP(4, V1)
	ADD  R3, R5
	ADD  $16, R6
	SUBS $1, R7
	BNE  column
	MOVD transform_scratch(R0), R6
	MOVD transform_rows(R0), R7
	VLD1.P 16(R13), [V31.S4]
	MOVD R2, R9
	MOVD R12, R10

row:
	MOVD R9, R8
	MOVD R10, R11
	TAKE(V0); TAKE(V1); TAKE(V2); TAKE(V3)
	OUT2
	FINISH(0, V0)
	LAST(1, next)
	FINISH(1, V1)

next:
	ADD  R16, R9
	ADD  R16, R10
	SUBS $1, R7
	BNE  row
	ADD  $16, R1
	ADD  $16, R2
	CBZ  R12, 2(PC)
	ADD  $16, R12
	SUBS $4, R4
	BNE  vector
	RET

// OUT4 transforms V0..V5 to V0, V1, V2, V5.
#define OUT4 \
	FADDV(6, 1, 2); FSUBV(7, 1, 2); \
	FADDV(8, 3, 4); FSUBV(9, 3, 4); \
	FMULI(7, 7, 29, 0); FMULI(9, 9, 29, 1); \
	FADDV(0, 0, 6); FADDV(0, 0, 8); \
	FADDV(1, 7, 9); \
	FMULI(2, 6, 28, 2); FMLAI(2, 8, 28, 3); \
	FMLAI(5, 7, 28, 2); FMLAI(5, 9, 28, 3)

// func output4NEON(t *transform)
TEXT ·output4NEON(SB), NOSPLIT, $0-8
	BEGIN_OUT(6)
	CONSTANTS

vector:
	MOVD R1, R5
	MOVD transform_scratch(R0), R6
	MOVD $6, R7

column:
	MOVD R5, R8
	READ(V0); READ(V1); READ(V2); READ(V3); READ(V4); READ(V5)
	OUT4
	MOVD R6, R8
	KEEP(6, V0); KEEP(6, V1); KEEP(6, V2); KEEP(6, V5)
	ADD  R3, R5
	ADD  $16, R6
	SUBS $1, R7
	BNE  column
	MOVD transform_scratch(R0), R6
	MOVD transform_rows(R0), R7
	VLD1.P 16(R13), [V31.S4]
	MOVD R2, R9
	MOVD R12, R10

row:
	MOVD R9, R8
	MOVD R10, R11
	TAKE(V0); TAKE(V1); TAKE(V2); TAKE(V3); TAKE(V4); TAKE(V5)
	OUT4
	FINISH(0, V0)
	LAST(1, next)
	FINISH(1, V1)
	LAST(2, next)
	FINISH(2, V2)
	LAST(3, next)
	FINISH(5, V5)

next:
	ADD  R16, R9
	ADD  R16, R10
	SUBS $1, R7
	BNE  row
	ADD  $16, R1
	ADD  $16, R2
	CBZ  R12, 2(PC)
	ADD  $16, R12
	SUBS $4, R4
	BNE  vector
	RET

// func poolNEON(p *pooling)
TEXT ·poolNEON(SB), NOSPLIT, $0-8
	MOVD p+0(FP), R0
	MOVD pooling_src(R0), R1
	MOVD pooling_dst(R0), R2
	MOVD pooling_count(R0), R3
	MOVD pooling_srcStride(R0), R15
	LSL  $2, R15
	MOVD pooling_dstStride(R0), R16
	LSL  $2, R16

pixel:
	MOVD pooling_channels(R0), R4
	MOVD R1, R10
	MOVD R2, R11

vector:
	MOVD pooling_offsets(R0), R5
	MOVD pooling_taps(R0), R7
	MOVD.P 8(R5), R9
	ADD  R10, R9
	VLD1 (R9), [V0.S4]
	B    more

tap:
	MOVD.P 8(R5), R9
	ADD  R10, R9
	VLD1 (R9), [V1.S4]
	FMAXV(0, 0, 1) // NaN wins

more:
	SUBS $1, R7
	BNE  tap
	VST1.P [V0.S4], 16(R11)
	ADD  $16, R10
	SUBS $4, R4
	BNE  vector
	ADD  R15, R1
	ADD  R16, R2
	SUBS $1, R3
	BNE  pixel
	RET
