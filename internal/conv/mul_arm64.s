//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// A tile is 8 rows by two vectors: row i is summed in V(16+2i) and V(17+2i).
// Four steps load four elements of every row (V0..V7) and four rows of weights
// (V8..V15), and multiply these by each element in place. R4..R11 point to the
// rows' runs.

// STEP multiplies weights lo and hi by element i of all rows.
#define STEP(i, lo, hi) \
	FMLAI(16, lo, 0, i); FMLAI(17, hi, 0, i); FMLAI(18, lo, 1, i); FMLAI(19, hi, 1, i); \
	FMLAI(20, lo, 2, i); FMLAI(21, hi, 2, i); FMLAI(22, lo, 3, i); FMLAI(23, hi, 3, i); \
	FMLAI(24, lo, 4, i); FMLAI(25, hi, 4, i); FMLAI(26, lo, 5, i); FMLAI(27, hi, 5, i); \
	FMLAI(28, lo, 6, i); FMLAI(29, hi, 6, i); FMLAI(30, lo, 7, i); FMLAI(31, hi, 7, i)

// EACH_ROW applies a macro to the sums of the rows that there are (R4).
#define EACH_ROW(what, done) \
	what(16, 17); \
	CMP $1, R4; BEQ done; what(18, 19); \
	CMP $2, R4; BEQ done; what(20, 21); \
	CMP $3, R4; BEQ done; what(22, 23); \
	CMP $4, R4; BEQ done; what(24, 25); \
	CMP $5, R4; BEQ done; what(26, 27); \
	CMP $6, R4; BEQ done; what(28, 29); \
	CMP $7, R4; BEQ done; what(30, 31)

#define BIAS(lo, hi) FADDV(lo, lo, 0); FADDV(hi, hi, 1)
#define ADDEND(lo, hi) \
	VLD1 (R7), [V2.S4, V3.S4]; ADD R5, R7; \
	FADDV(lo, lo, 2); FADDV(hi, hi, 3)
#define FLOOR(lo, hi) FMAXV(lo, lo, 4); FMAXV(hi, hi, 4) // NaN stays

// func tileNEON(p *product)
TEXT ·tileNEON(SB), NOSPLIT, $0-8
	MOVD p+0(FP), R0
	MOVD product_offsets(R0), R3
	MOVD product_b(R0), R2
	MOVD product_taps(R0), R13
	VEOR V16.B16, V16.B16, V16.B16; VEOR V17.B16, V17.B16, V17.B16
	VEOR V18.B16, V18.B16, V18.B16; VEOR V19.B16, V19.B16, V19.B16
	VEOR V20.B16, V20.B16, V20.B16; VEOR V21.B16, V21.B16, V21.B16
	VEOR V22.B16, V22.B16, V22.B16; VEOR V23.B16, V23.B16, V23.B16
	VEOR V24.B16, V24.B16, V24.B16; VEOR V25.B16, V25.B16, V25.B16
	VEOR V26.B16, V26.B16, V26.B16; VEOR V27.B16, V27.B16, V27.B16
	VEOR V28.B16, V28.B16, V28.B16; VEOR V29.B16, V29.B16, V29.B16
	VEOR V30.B16, V30.B16, V30.B16; VEOR V31.B16, V31.B16, V31.B16

tap:
	MOVD  product_depth(R0), R12
	MOVD  product_a(R0), R14
	LDP.P 16(R3), (R4, R5)
	LDP.P 16(R3), (R6, R7)
	LDP.P 16(R3), (R8, R9)
	LDP.P 16(R3), (R10, R11)
	ADD   R14, R4
	ADD   R14, R5
	ADD   R14, R6
	ADD   R14, R7
	ADD   R14, R8
	ADD   R14, R9
	ADD   R14, R10
	ADD   R14, R11
	SUBS  $4, R12
	BLT   few

four:
	VLD1.P 16(R4), [V0.S4]
	VLD1.P 16(R5), [V1.S4]
	VLD1.P 16(R6), [V2.S4]
	VLD1.P 16(R7), [V3.S4]
	VLD1.P 16(R8), [V4.S4]
	VLD1.P 16(R9), [V5.S4]
	VLD1.P 16(R10), [V6.S4]
	VLD1.P 16(R11), [V7.S4]
	VLD1.P 64(R2), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R2), [V12.S4, V13.S4, V14.S4, V15.S4]
	STEP(0, 8, 9)
	STEP(1, 10, 11)
	STEP(2, 12, 13)
	STEP(3, 14, 15)
	SUBS   $4, R12
	BGE    four

few:
	ADDS $4, R12
	BEQ  next

one:
	FMOVS.P 4(R4), F0
	FMOVS.P 4(R5), F1
	FMOVS.P 4(R6), F2
	FMOVS.P 4(R7), F3
	FMOVS.P 4(R8), F4
	FMOVS.P 4(R9), F5
	FMOVS.P 4(R10), F6
	FMOVS.P 4(R11), F7
	VLD1.P  32(R2), [V8.S4, V9.S4]
	STEP(0, 8, 9)
	SUBS    $1, R12
	BNE     one

next:
	SUBS $1, R13
	BNE  tap

	MOVD product_c(R0), R1
	MOVD product_stride(R0), R5
	LSL  $2, R5
	MOVD product_rows(R0), R4
	MOVD product_bias(R0), R6
	CBZ  R6, store
	VLD1 (R6), [V0.S4, V1.S4]
	EACH_ROW(BIAS, biased)

biased:
	MOVD product_add(R0), R7
	CBZ  R7, added
	EACH_ROW(ADDEND, added)

added:
	MOVD  $product_floor(R0), R6
	VLD1R (R6), [V4.S4]
	EACH_ROW(FLOOR, store)

store:
	VST1 [V16.S4, V17.S4], (R1)
	ADD  R5, R1
	SUBS $1, R4
	BEQ  done
	VST1 [V18.S4, V19.S4], (R1)
	ADD  R5, R1
	SUBS $1, R4
	BEQ  done
	VST1 [V20.S4, V21.S4], (R1)
	ADD  R5, R1
	SUBS $1, R4
	BEQ  done
	VST1 [V22.S4, V23.S4], (R1)
	ADD  R5, R1
	SUBS $1, R4
	BEQ  done
	VST1 [V24.S4, V25.S4], (R1)
	ADD  R5, R1
	SUBS $1, R4
	BEQ  done
	VST1 [V26.S4, V27.S4], (R1)
	ADD  R5, R1
	SUBS $1, R4
	BEQ  done
	VST1 [V28.S4, V29.S4], (R1)
	ADD  R5, R1
	SUBS $1, R4
	BEQ  done
	VST1 [V30.S4, V31.S4], (R1)

done:
	RET
