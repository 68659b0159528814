//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// A tile is 8 rows by two vectors: row i is summed in Z(8+2i) and Z(9+2i).
// One step loads two vectors of weights (Z0, Z1), and for every row broadcasts
// one element of it (Z2..Z5 in turn) into two fused multiply-adds. R8..R15
// point past the rows' runs, CX counts up to 0.

#define ROW(p, x, lo, hi) \
	VBROADCASTSS (p)(CX*4), x; VFMADD231PS Z0, x, lo; VFMADD231PS Z1, x, hi
#define NARROW(p, lo) \
	VFMADD231PS.BCST (p)(CX*4), Z0, lo

// EACH_ROW applies a macro to the sums of the rows that there are.
#define EACH_ROW(what, done) \
	what(Z8, Z9); \
	CMPQ R11, $1; JEQ done; what(Z10, Z11); \
	CMPQ R11, $2; JEQ done; what(Z12, Z13); \
	CMPQ R11, $3; JEQ done; what(Z14, Z15); \
	CMPQ R11, $4; JEQ done; what(Z16, Z17); \
	CMPQ R11, $5; JEQ done; what(Z18, Z19); \
	CMPQ R11, $6; JEQ done; what(Z20, Z21); \
	CMPQ R11, $7; JEQ done; what(Z22, Z23)

#define BIAS(lo, hi) VADDPS Z0, lo, lo; VADDPS Z1, hi, hi
#define ADD(lo, hi) \
	VMOVUPS.Z (SI), K1, Z2; VMOVUPS.Z 64(SI), K2, Z3; ADDQ R10, SI; \
	VADDPS Z2, lo, lo; VADDPS Z3, hi, hi
#define FLOOR(lo, hi) VMAXPS lo, Z4, lo; VMAXPS hi, Z4, hi // in this order NaN stays
#define STORE(lo, hi) VMOVUPS lo, (DI); VMOVUPS hi, 64(DI); ADDQ R10, DI
#define STORE_SOME(lo, hi) VMOVUPS lo, K1, (DI); VMOVUPS hi, K2, 64(DI); ADDQ R10, DI

// func mulAVX512(p *product)
TEXT ·mulAVX512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	MOVQ product_offsets(AX), BX
	MOVQ product_b(AX), DI
	MOVQ product_taps(AX), DX
	VPXORQ Z8, Z8, Z8; VPXORQ Z9, Z9, Z9; VPXORQ Z10, Z10, Z10; VPXORQ Z11, Z11, Z11
	VPXORQ Z12, Z12, Z12; VPXORQ Z13, Z13, Z13; VPXORQ Z14, Z14, Z14; VPXORQ Z15, Z15, Z15
	VPXORQ Z16, Z16, Z16; VPXORQ Z17, Z17, Z17; VPXORQ Z18, Z18, Z18; VPXORQ Z19, Z19, Z19
	VPXORQ Z20, Z20, Z20; VPXORQ Z21, Z21, Z21; VPXORQ Z22, Z22, Z22; VPXORQ Z23, Z23, Z23

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
	MOVQ 48(BX), R14
	MOVQ 56(BX), R15
	ADDQ SI, R8
	ADDQ SI, R9
	ADDQ SI, R10
	ADDQ SI, R11
	ADDQ SI, R12
	ADDQ SI, R13
	ADDQ SI, R14
	ADDQ SI, R15
	ADDQ $64, BX
	CMPQ product_lanes(AX), $16
	JEQ  narrow
	CMPQ product_rows(AX), $4
	JLE  few

full:
	VMOVUPS 0(DI), Z0
	VMOVUPS 64(DI), Z1
	ROW(R8, Z2, Z8, Z9)
	ROW(R9, Z3, Z10, Z11)
	ROW(R10, Z4, Z12, Z13)
	ROW(R11, Z5, Z14, Z15)
	ROW(R12, Z2, Z16, Z17)
	ROW(R13, Z3, Z18, Z19)
	ROW(R14, Z4, Z20, Z21)
	ROW(R15, Z5, Z22, Z23)
	ADDQ $128, DI
	INCQ CX
	JNZ  full
	DECQ DX
	JNZ  tap
	JMP  finish

few: // at most 4 rows: the weights of small batches come from far away
	VMOVUPS 0(DI), Z0
	VMOVUPS 64(DI), Z1
	ROW(R8, Z2, Z8, Z9)
	ROW(R9, Z3, Z10, Z11)
	ROW(R10, Z4, Z12, Z13)
	ROW(R11, Z5, Z14, Z15)
	ADDQ $128, DI
	INCQ CX
	JNZ  few
	DECQ DX
	JNZ  tap
	JMP  finish

narrow: // panels of one vector: the right half of the tile stays zero
	VMOVUPS 0(DI), Z0
	NARROW(R8, Z8)
	NARROW(R9, Z10)
	NARROW(R10, Z12)
	NARROW(R11, Z14)
	NARROW(R12, Z16)
	NARROW(R13, Z18)
	NARROW(R14, Z20)
	NARROW(R15, Z22)
	ADDQ $64, DI
	INCQ CX
	JNZ  narrow
	DECQ DX
	JNZ  tap

finish: // K1 and K2 are the lanes of two vectors that hold the columns
	MOVQ  product_cols(AX), CX
	MOVQ  $1, DX
	SHLQ  CX, DX
	DECQ  DX
	KMOVW DX, K1
	SHRQ  $16, DX
	KMOVW DX, K2
	MOVQ  product_c(AX), DI
	MOVQ  product_stride(AX), R10
	SHLQ  $2, R10
	MOVQ  product_rows(AX), R11
	MOVQ  product_bias(AX), SI
	TESTQ SI, SI
	JZ    store
	VMOVUPS 0(SI), Z0
	VMOVUPS 64(SI), Z1
	EACH_ROW(BIAS, biased)

biased:
	MOVQ  product_add(AX), SI
	TESTQ SI, SI
	JZ    added
	EACH_ROW(ADD, added)

added:
	VBROADCASTSS product_floor(AX), Z4
	EACH_ROW(FLOOR, store)

store:
	CMPQ CX, $32
	JNE  some
	EACH_ROW(STORE, done)

done:
	VZEROUPPER
	RET

some:
	EACH_ROW(STORE_SOME, done)
	VZEROUPPER
	RET
