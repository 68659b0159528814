//go:build !purego

#include "textflag.h"

// A tile is 6 rows by two vectors: row i is summed in Y(4+2i) and Y(5+2i). One
// step of k loads two vectors of B (Y0, Y1), and for every row broadcasts one
// element of A (Y2, Y3 in turn) into two fused multiply-adds.

#define ZERO_SUMS \
	VXORPS Y4, Y4, Y4; VXORPS Y5, Y5, Y5; VXORPS Y6, Y6, Y6; VXORPS Y7, Y7, Y7; \
	VXORPS Y8, Y8, Y8; VXORPS Y9, Y9, Y9; VXORPS Y10, Y10, Y10; VXORPS Y11, Y11, Y11; \
	VXORPS Y12, Y12, Y12; VXORPS Y13, Y13, Y13; VXORPS Y14, Y14, Y14; VXORPS Y15, Y15, Y15

#define STORE_SUMS \
	VMOVUPS Y4, 0(DX); VMOVUPS Y5, 32(DX); VMOVUPS Y6, 64(DX); VMOVUPS Y7, 96(DX); \
	VMOVUPS Y8, 128(DX); VMOVUPS Y9, 160(DX); VMOVUPS Y10, 192(DX); VMOVUPS Y11, 224(DX); \
	VMOVUPS Y12, 256(DX); VMOVUPS Y13, 288(DX); VMOVUPS Y14, 320(DX); VMOVUPS Y15, 352(DX)

#define ROW32(p, x, lo, hi) \
	VBROADCASTSS p(SI), x; VFMADD231PS Y0, x, lo; VFMADD231PS Y1, x, hi
#define NARROW32(p, x, lo) \
	VBROADCASTSS p(SI), x; VFMADD231PS Y0, x, lo
#define ROW64(p, x, lo, hi) \
	VBROADCASTSD p(SI), x; VFMADD231PD Y0, x, lo; VFMADD231PD Y1, x, hi
#define NARROW64(p, x, lo) \
	VBROADCASTSD p(SI), x; VFMADD231PD Y0, x, lo

// func mulAVX2f32(k int, a, b, tile *float32, lanes int)
TEXT ·mulAVX2f32(SB), NOSPLIT, $0-40
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
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	ROW32(0, Y2, Y4, Y5)
	ROW32(4, Y3, Y6, Y7)
	ROW32(8, Y2, Y8, Y9)
	ROW32(12, Y3, Y10, Y11)
	ROW32(16, Y2, Y12, Y13)
	ROW32(20, Y3, Y14, Y15)
	ADDQ $24, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  full
	JMP  done

narrow: // panels of one vector: the right half of the tile stays zero
	VMOVUPS 0(DI), Y0
	NARROW32(0, Y2, Y4)
	NARROW32(4, Y3, Y6)
	NARROW32(8, Y2, Y8)
	NARROW32(12, Y3, Y10)
	NARROW32(16, Y2, Y12)
	NARROW32(20, Y3, Y14)
	ADDQ $24, SI
	ADDQ $32, DI
	DECQ CX
	JNZ  narrow

done:
	STORE_SUMS
	VZEROUPPER
	RET

// func mulAVX2f64(k int, a, b, tile *float64, lanes int)
TEXT ·mulAVX2f64(SB), NOSPLIT, $0-40
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DI
	MOVQ tile+24(FP), DX
	ZERO_SUMS
	TESTQ CX, CX
	JZ    done
	CMPQ  lanes+32(FP), $4
	JEQ   narrow

full:
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	ROW64(0, Y2, Y4, Y5)
	ROW64(8, Y3, Y6, Y7)
	ROW64(16, Y2, Y8, Y9)
	ROW64(24, Y3, Y10, Y11)
	ROW64(32, Y2, Y12, Y13)
	ROW64(40, Y3, Y14, Y15)
	ADDQ $48, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  full
	JMP  done

narrow: // panels of one vector: the right half of the tile stays zero
	VMOVUPS 0(DI), Y0
	NARROW64(0, Y2, Y4)
	NARROW64(8, Y3, Y6)
	NARROW64(16, Y2, Y8)
	NARROW64(24, Y3, Y10)
	NARROW64(32, Y2, Y12)
	NARROW64(40, Y3, Y14)
	ADDQ $48, SI
	ADDQ $32, DI
	DECQ CX
	JNZ  narrow

done:
	STORE_SUMS
	VZEROUPPER
	RET

// Eight lanes of ones, then eight of zeros: the mask of the first n lanes of a
// vector begins 8-n lanes in.
DATA lanes<>+0(SB)/8, $-1
DATA lanes<>+8(SB)/8, $-1
DATA lanes<>+16(SB)/8, $-1
DATA lanes<>+24(SB)/8, $-1
DATA lanes<>+32(SB)/8, $0
DATA lanes<>+40(SB)/8, $0
DATA lanes<>+48(SB)/8, $0
DATA lanes<>+56(SB)/8, $0
GLOBL lanes<>(SB), RODATA|NOPTR, $64

// MASKS sets Y6 and Y7 to the lanes of two vectors that hold the first CX of
// 16 32-bit elements.
#define MASKS \
	LEAQ    lanes<>+32(SB), AX; \
	MOVQ    $8, BX; \
	CMPQ    CX, BX; \
	CMOVQLT CX, BX; \
	NEGQ    BX; \
	VMOVUPS (AX)(BX*4), Y6; \
	ADDQ    CX, BX; \
	NEGQ    BX; \
	VMOVUPS (AX)(BX*4), Y7

// WRITE stores Y0 and Y1 in the lanes of MASKS. Whole vectors go without a
// mask, for a masked store is slow.
#define WRITE(some, done) \
	CMPQ CX, $16; \
	JNE  some; \
	VMOVUPS Y0, 0(DI); \
	VMOVUPS Y1, 32(DI); \
	JMP  done; \
some: \
	VMASKMOVPS Y0, Y6, 0(DI); \
	VMASKMOVPS Y1, Y7, 32(DI); \
done:

// func storeAVX2f32(dst, add, tile *float32, stride, rows, cols int)
TEXT ·storeAVX2f32(SB), NOSPLIT, $0-48
	MOVQ    dst+0(FP), DI
	MOVQ    add+8(FP), R8
	MOVQ    tile+16(FP), SI
	MOVQ    stride+24(FP), R10
	SHLQ    $2, R10
	MOVQ    rows+32(FP), R11
	MOVQ    cols+40(FP), CX
	MASKS

row:
	VMOVUPS 0(SI), Y0
	VMOVUPS 32(SI), Y1
	TESTQ   R8, R8
	JZ      write
	VMASKMOVPS 0(R8), Y6, Y2
	VMASKMOVPS 32(R8), Y7, Y3
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	ADDQ    R10, R8

write:
	WRITE(some, next)
	ADDQ $64, SI
	ADDQ R10, DI
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

// func storeAVX2f64(dst, add, tile *float64, stride, rows, cols int)
TEXT ·storeAVX2f64(SB), NOSPLIT, $0-48
	MOVQ    dst+0(FP), DI
	MOVQ    add+8(FP), R8
	MOVQ    tile+16(FP), SI
	MOVQ    stride+24(FP), R10
	SHLQ    $3, R10
	MOVQ    rows+32(FP), R11
	MOVQ    cols+40(FP), CX
	ADDQ    CX, CX // pairs of 32-bit lanes
	MASKS

row:
	VMOVUPD 0(SI), Y0
	VMOVUPD 32(SI), Y1
	TESTQ   R8, R8
	JZ      write
	VMASKMOVPS 0(R8), Y6, Y2
	VMASKMOVPS 32(R8), Y7, Y3
	VADDPD  Y2, Y0, Y0
	VADDPD  Y3, Y1, Y1
	ADDQ    R10, R8

write:
	WRITE(some, next)
	ADDQ $64, SI
	ADDQ R10, DI
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

// func copyRowsAVX2f32(dst *float32, dstStride int, src *float32, srcStride, rows, cols int)
TEXT ·copyRowsAVX2f32(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $2, R8
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	SHLQ $2, R9
	MOVQ rows+32(FP), R10
	MOVQ cols+40(FP), CX
	MASKS
	TESTQ R10, R10
	JZ   done

row:
	VMASKMOVPS 0(SI), Y6, Y0
	VMASKMOVPS 32(SI), Y7, Y1
	WRITE(some, next)
	ADDQ R9, SI
	ADDQ R8, DI
	DECQ R10
	JNZ  row

done:
	VZEROUPPER
	RET

// func copyRowsAVX2f64(dst *float64, dstStride int, src *float64, srcStride, rows, cols int)
TEXT ·copyRowsAVX2f64(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $3, R8
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	SHLQ $3, R9
	MOVQ rows+32(FP), R10
	MOVQ cols+40(FP), CX
	ADDQ CX, CX // pairs of 32-bit lanes
	MASKS
	TESTQ R10, R10
	JZ   done

row:
	VMASKMOVPS 0(SI), Y6, Y0
	VMASKMOVPS 32(SI), Y7, Y1
	WRITE(some, next)
	ADDQ R9, SI
	ADDQ R8, DI
	DECQ R10
	JNZ  row

done:
	VZEROUPPER
	RET
