//go:build !purego

#include "textflag.h"

// A tile is 8 rows by two vectors: row i is summed in Z(8+2i) and Z(9+2i).
// One step of k loads two vectors of B (Z0, Z1), and for every row broadcasts
// one element of A (Z2..Z5 in turn) into two fused multiply-adds.

#define ZERO_SUMS \
	VPXORQ Z8, Z8, Z8; VPXORQ Z9, Z9, Z9; VPXORQ Z10, Z10, Z10; VPXORQ Z11, Z11, Z11; \
	VPXORQ Z12, Z12, Z12; VPXORQ Z13, Z13, Z13; VPXORQ Z14, Z14, Z14; VPXORQ Z15, Z15, Z15; \
	VPXORQ Z16, Z16, Z16; VPXORQ Z17, Z17, Z17; VPXORQ Z18, Z18, Z18; VPXORQ Z19, Z19, Z19; \
	VPXORQ Z20, Z20, Z20; VPXORQ Z21, Z21, Z21; VPXORQ Z22, Z22, Z22; VPXORQ Z23, Z23, Z23

#define STORE_SUMS \
	VMOVUPS Z8, 0(DX); VMOVUPS Z9, 64(DX); VMOVUPS Z10, 128(DX); VMOVUPS Z11, 192(DX); \
	VMOVUPS Z12, 256(DX); VMOVUPS Z13, 320(DX); VMOVUPS Z14, 384(DX); VMOVUPS Z15, 448(DX); \
	VMOVUPS Z16, 512(DX); VMOVUPS Z17, 576(DX); VMOVUPS Z18, 640(DX); VMOVUPS Z19, 704(DX); \
	VMOVUPS Z20, 768(DX); VMOVUPS Z21, 832(DX); VMOVUPS Z22, 896(DX); VMOVUPS Z23, 960(DX)

#define ROW32(p, x, lo, hi) \
	VBROADCASTSS p(SI), x; VFMADD231PS Z0, x, lo; VFMADD231PS Z1, x, hi
#define NARROW32(p, lo) \
	VFMADD231PS.BCST p(SI), Z0, lo
#define ROW64(p, x, lo, hi) \
	VBROADCASTSD p(SI), x; VFMADD231PD Z0, x, lo; VFMADD231PD Z1, x, hi
#define NARROW64(p, lo) \
	VFMADD231PD.BCST p(SI), Z0, lo

// func mulAVX512f32(k int, a, b, tile *float32, lanes int)
TEXT ·mulAVX512f32(SB), NOSPLIT, $0-40
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DI
	MOVQ tile+24(FP), DX
	ZERO_SUMS
	TESTQ CX, CX
	JZ    done
	CMPQ  lanes+32(FP), $16
	JEQ   narrow

full:
	VMOVUPS 0(DI), Z0
	VMOVUPS 64(DI), Z1
	ROW32(0, Z2, Z8, Z9)
	ROW32(4, Z3, Z10, Z11)
	ROW32(8, Z4, Z12, Z13)
	ROW32(12, Z5, Z14, Z15)
	ROW32(16, Z2, Z16, Z17)
	ROW32(20, Z3, Z18, Z19)
	ROW32(24, Z4, Z20, Z21)
	ROW32(28, Z5, Z22, Z23)
	ADDQ $32, SI
	ADDQ $128, DI
	DECQ CX
	JNZ  full
	JMP  done

narrow: // panels of one vector: the right half of the tile stays zero
	VMOVUPS 0(DI), Z0
	NARROW32(0, Z8)
	NARROW32(4, Z10)
	NARROW32(8, Z12)
	NARROW32(12, Z14)
	NARROW32(16, Z16)
	NARROW32(20, Z18)
	NARROW32(24, Z20)
	NARROW32(28, Z22)
	ADDQ $32, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  narrow

done:
	STORE_SUMS
	VZEROUPPER
	RET

// func mulAVX512f64(k int, a, b, tile *float64, lanes int)
TEXT ·mulAVX512f64(SB), NOSPLIT, $0-40
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DI
	MOVQ tile+24(FP), DX
	ZERO_SUMS
	TESTQ CX, CX
	JZ    done
	CMPQ  lanes+32(FP), $8
	JEQ   narrow

full:
	VMOVUPS 0(DI), Z0
	VMOVUPS 64(DI), Z1
	ROW64(0, Z2, Z8, Z9)
	ROW64(8, Z3, Z10, Z11)
	ROW64(16, Z4, Z12, Z13)
	ROW64(24, Z5, Z14, Z15)
	ROW64(32, Z2, Z16, Z17)
	ROW64(40, Z3, Z18, Z19)
	ROW64(48, Z4, Z20, Z21)
	ROW64(56, Z5, Z22, Z23)
	ADDQ $64, SI
	ADDQ $128, DI
	DECQ CX
	JNZ  full
	JMP  done

narrow: // panels of one vector: the right half of the tile stays zero
	VMOVUPS 0(DI), Z0
	NARROW64(0, Z8)
	NARROW64(8, Z10)
	NARROW64(16, Z12)
	NARROW64(24, Z14)
	NARROW64(32, Z16)
	NARROW64(40, Z18)
	NARROW64(48, Z20)
	NARROW64(56, Z22)
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  narrow

done:
	STORE_SUMS
	VZEROUPPER
	RET

// MASKS sets K1 and K2 to the lanes of two vectors that hold the first CX
// elements, for vectors of the given number of lanes.
#define MASKS(lanes) \
	MOVQ  $1, AX; \
	SHLQ  CX, AX; \
	DECQ  AX; \
	MOVQ  AX, BX; \
	ANDQ  $((1<<lanes)-1), AX; \
	KMOVW AX, K1; \
	SHRQ  $lanes, BX; \
	KMOVW BX, K2

// func storeAVX512f32(dst, add, tile *float32, stride, rows, cols int)
TEXT ·storeAVX512f32(SB), NOSPLIT, $0-48
	MOVQ    dst+0(FP), DI
	MOVQ    add+8(FP), R8
	MOVQ    tile+16(FP), SI
	MOVQ    stride+24(FP), R10
	SHLQ    $2, R10
	MOVQ    rows+32(FP), R11
	MOVQ    cols+40(FP), CX
	MASKS(16)

row:
	VMOVUPS 0(SI), Z0
	VMOVUPS 64(SI), Z1
	TESTQ   R8, R8
	JZ      write
	VMOVUPS.Z 0(R8), K1, Z2
	VMOVUPS.Z 64(R8), K2, Z3
	VADDPS  Z2, Z0, Z0
	VADDPS  Z3, Z1, Z1
	ADDQ    R10, R8

write:
	VMOVUPS Z0, K1, 0(DI)
	VMOVUPS Z1, K2, 64(DI)
	ADDQ $128, SI
	ADDQ R10, DI
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

// func storeAVX512f64(dst, add, tile *float64, stride, rows, cols int)
TEXT ·storeAVX512f64(SB), NOSPLIT, $0-48
	MOVQ    dst+0(FP), DI
	MOVQ    add+8(FP), R8
	MOVQ    tile+16(FP), SI
	MOVQ    stride+24(FP), R10
	SHLQ    $3, R10
	MOVQ    rows+32(FP), R11
	MOVQ    cols+40(FP), CX
	MASKS(8)

row:
	VMOVUPD 0(SI), Z0
	VMOVUPD 64(SI), Z1
	TESTQ   R8, R8
	JZ      write
	VMOVUPD.Z 0(R8), K1, Z2
	VMOVUPD.Z 64(R8), K2, Z3
	VADDPD  Z2, Z0, Z0
	VADDPD  Z3, Z1, Z1
	ADDQ    R10, R8

write:
	VMOVUPD Z0, K1, 0(DI)
	VMOVUPD Z1, K2, 64(DI)
	ADDQ $128, SI
	ADDQ R10, DI
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

#define COPY_ROWS \
	VMOVUPS.Z 0(SI), K1, Z0; \
	VMOVUPS.Z 64(SI), K2, Z1; \
	VMOVUPS Z0, K1, 0(DI); \
	VMOVUPS Z1, K2, 64(DI); \
	ADDQ R9, SI; \
	ADDQ R8, DI; \
	DECQ R10

// func copyRowsAVX512f32(dst *float32, dstStride int, src *float32, srcStride, rows, cols int)
TEXT ·copyRowsAVX512f32(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $2, R8
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	SHLQ $2, R9
	MOVQ rows+32(FP), R10
	MOVQ cols+40(FP), CX
	MASKS(16)
	TESTQ R10, R10
	JZ   done

row:
	COPY_ROWS
	JNZ row

done:
	VZEROUPPER
	RET

// func copyRowsAVX512f64(dst *float64, dstStride int, src *float64, srcStride, rows, cols int)
TEXT ·copyRowsAVX512f64(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $3, R8
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	SHLQ $3, R9
	MOVQ rows+32(FP), R10
	MOVQ cols+40(FP), CX
	ADDQ CX, CX // pairs of 32-bit lanes
	MASKS(16)
	TESTQ R10, R10
	JZ   done

row:
	COPY_ROWS
	JNZ row

done:
	VZEROUPPER
	RET
