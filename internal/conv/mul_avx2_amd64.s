//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// A tile is 6 rows by two vectors: row i is summed in Y(4+2i) and Y(5+2i). One
// step loads two vectors of weights (Y0, Y1), and for every row broadcasts one
// element of it (Y2, Y3 in turn) into two fused multiply-adds. R8..R13 point
// past the rows' runs, CX counts up to 0.

#define ROW(p, x, lo, hi) \
	VBROADCASTSS (p)(CX*4), x; VFMADD231PS Y0, x, lo; VFMADD231PS Y1, x, hi

// EACH_ROW applies a macro to the sums of the rows that there are.
#define EACH_ROW(what, done) \
	what(Y4, Y5); \
	CMPQ R11, $1; JEQ done; what(Y6, Y7); \
	CMPQ R11, $2; JEQ done; what(Y8, Y9); \
	CMPQ R11, $3; JEQ done; what(Y10, Y11); \
	CMPQ R11, $4; JEQ done; what(Y12, Y13); \
	CMPQ R11, $5; JEQ done; what(Y14, Y15)

#define BIAS(lo, hi) VADDPS (SI), lo, lo; VADDPS 32(SI), hi, hi
#define ADD(lo, hi) \
	VMASKMOVPS (SI), Y0, Y2; VMASKMOVPS 32(SI), Y1, Y3; ADDQ R10, SI; \
	VADDPS Y2, lo, lo; VADDPS Y3, hi, hi
#define FLOOR(lo, hi) VMAXPS lo, Y2, lo; VMAXPS hi, Y2, hi // in this order NaN stays
#define STORE(lo, hi) VMOVUPS lo, (DI); VMOVUPS hi, 32(DI); ADDQ R10, DI
#define STORE_SOME(lo, hi) VMASKMOVPS lo, Y0, (DI); VMASKMOVPS hi, Y1, 32(DI); ADDQ R10, DI

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

// func mulAVX2(p *product)
TEXT ·mulAVX2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	MOVQ product_offsets(AX), BX
	MOVQ product_b(AX), DI
	MOVQ product_taps(AX), DX
	VXORPS Y4, Y4, Y4; VXORPS Y5, Y5, Y5; VXORPS Y6, Y6, Y6; VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8; VXORPS Y9, Y9, Y9; VXORPS Y10, Y10, Y10; VXORPS Y11, Y11, Y11
	VXORPS Y12, Y12, Y12; VXORPS Y13, Y13, Y13; VXORPS Y14, Y14, Y14; VXORPS Y15, Y15, Y15

tap:
	MOVQ product_depth(AX), CX
	MOVQ product_a(AX), SI
	LEAQ (SI)(CX*4), SI
	NEGQ CX
	MOVQ 0(BX), R8
	MOVQ 8(BX), R9
	MOVQ 16(BX), R10
	MOVQ 24(BX), R11
	MOVQ 32(BX), R12
	MOVQ 40(BX), R13
	ADDQ SI, R8
	ADDQ SI, R9
	ADDQ SI, R10
	ADDQ SI, R11
	ADDQ SI, R12
	ADDQ SI, R13
	ADDQ $48, BX

step:
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	ROW(R8, Y2, Y4, Y5)
	ROW(R9, Y3, Y6, Y7)
	ROW(R10, Y2, Y8, Y9)
	ROW(R11, Y3, Y10, Y11)
	ROW(R12, Y2, Y12, Y13)
	ROW(R13, Y3, Y14, Y15)
	ADDQ $64, DI
	INCQ CX
	JNZ  step
	DECQ DX
	JNZ  tap

	// Y0 and Y1 become the lanes of two vectors that hold the columns.
	MOVQ    product_cols(AX), CX
	LEAQ    lanes<>+32(SB), DX
	MOVQ    $8, BX
	CMPQ    CX, BX
	CMOVQLT CX, BX
	NEGQ    BX
	VMOVUPS (DX)(BX*4), Y0
	ADDQ    CX, BX
	NEGQ    BX
	VMOVUPS (DX)(BX*4), Y1

	MOVQ  product_c(AX), DI
	MOVQ  product_stride(AX), R10
	SHLQ  $2, R10
	MOVQ  product_rows(AX), R11
	MOVQ  product_bias(AX), SI
	TESTQ SI, SI
	JZ    store
	EACH_ROW(BIAS, biased)

biased:
	MOVQ  product_add(AX), SI
	TESTQ SI, SI
	JZ    added
	EACH_ROW(ADD, added)

added:
	VBROADCASTSS product_floor(AX), Y2
	EACH_ROW(FLOOR, store)

store: // whole vectors go without a mask, for a masked store is slow
	CMPQ CX, $16
	JNE  some
	EACH_ROW(STORE, done)

done:
	VZEROUPPER
	RET

some:
	EACH_ROW(STORE_SOME, done)
	VZEROUPPER
	RET
