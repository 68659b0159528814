//go:build !purego

#include "textflag.h"

// A tile is 8 rows by three vectors: row i is summed in V(8+3i) to V(10+3i).
// One step of k loads a column of A (V0..V3) and three vectors of B (V4..V6),
// and multiplies each by every element of A in place. The assembler has no
// name for fused multiply-add by element, so it is spelled out: sum += b*a[i].
#define FMLA32(sum, b, a, i) WORD $(0x4F801000 | (((i)&1)<<21) | ((a)<<16) | (((i)>>1)<<11) | ((b)<<5) | (sum))
#define FMLA64(sum, b, a, i) WORD $(0x4FC01000 | ((a)<<16) | ((i)<<11) | ((b)<<5) | (sum))

#define ROW32(sum, a, i) FMLA32(sum, 4, a, i); FMLA32(sum+1, 5, a, i); FMLA32(sum+2, 6, a, i)
#define ROW64(sum, a, i) FMLA64(sum, 4, a, i); FMLA64(sum+1, 5, a, i); FMLA64(sum+2, 6, a, i)

#define ZERO_SUMS \
	VEOR V8.B16, V8.B16, V8.B16; VEOR V9.B16, V9.B16, V9.B16; VEOR V10.B16, V10.B16, V10.B16; VEOR V11.B16, V11.B16, V11.B16; \
	VEOR V12.B16, V12.B16, V12.B16; VEOR V13.B16, V13.B16, V13.B16; VEOR V14.B16, V14.B16, V14.B16; VEOR V15.B16, V15.B16, V15.B16; \
	VEOR V16.B16, V16.B16, V16.B16; VEOR V17.B16, V17.B16, V17.B16; VEOR V18.B16, V18.B16, V18.B16; VEOR V19.B16, V19.B16, V19.B16; \
	VEOR V20.B16, V20.B16, V20.B16; VEOR V21.B16, V21.B16, V21.B16; VEOR V22.B16, V22.B16, V22.B16; VEOR V23.B16, V23.B16, V23.B16; \
	VEOR V24.B16, V24.B16, V24.B16; VEOR V25.B16, V25.B16, V25.B16; VEOR V26.B16, V26.B16, V26.B16; VEOR V27.B16, V27.B16, V27.B16; \
	VEOR V28.B16, V28.B16, V28.B16; VEOR V29.B16, V29.B16, V29.B16; VEOR V30.B16, V30.B16, V30.B16; VEOR V31.B16, V31.B16, V31.B16

#define STORE_SUMS \
	VST1.P [V8.B16, V9.B16, V10.B16, V11.B16], 64(R3); \
	VST1.P [V12.B16, V13.B16, V14.B16, V15.B16], 64(R3); \
	VST1.P [V16.B16, V17.B16, V18.B16, V19.B16], 64(R3); \
	VST1.P [V20.B16, V21.B16, V22.B16, V23.B16], 64(R3); \
	VST1.P [V24.B16, V25.B16, V26.B16, V27.B16], 64(R3); \
	VST1.P [V28.B16, V29.B16, V30.B16, V31.B16], 64(R3)

// func mulNEONf32(k int, a, b, tile *float32, lanes int)
TEXT ·mulNEONf32(SB), NOSPLIT, $0-40
	MOVD k+0(FP), R0
	MOVD a+8(FP), R1
	MOVD b+16(FP), R2
	MOVD tile+24(FP), R3
	ZERO_SUMS
	CBZ  R0, done

loop:
	VLD1.P 32(R1), [V0.S4, V1.S4]
	VLD1.P 48(R2), [V4.S4, V5.S4, V6.S4]
	ROW32(8, 0, 0)
	ROW32(11, 0, 1)
	ROW32(14, 0, 2)
	ROW32(17, 0, 3)
	ROW32(20, 1, 0)
	ROW32(23, 1, 1)
	ROW32(26, 1, 2)
	ROW32(29, 1, 3)
	SUB  $1, R0
	CBNZ R0, loop

done:
	STORE_SUMS
	RET

// func mulNEONf64(k int, a, b, tile *float64, lanes int)
TEXT ·mulNEONf64(SB), NOSPLIT, $0-40
	MOVD k+0(FP), R0
	MOVD a+8(FP), R1
	MOVD b+16(FP), R2
	MOVD tile+24(FP), R3
	ZERO_SUMS
	CBZ  R0, done

loop:
	VLD1.P 64(R1), [V0.D2, V1.D2, V2.D2, V3.D2]
	VLD1.P 48(R2), [V4.D2, V5.D2, V6.D2]
	ROW64(8, 0, 0)
	ROW64(11, 0, 1)
	ROW64(14, 1, 0)
	ROW64(17, 1, 1)
	ROW64(20, 2, 0)
	ROW64(23, 2, 1)
	ROW64(26, 3, 0)
	ROW64(29, 3, 1)
	SUB  $1, R0
	CBNZ R0, loop

done:
	STORE_SUMS
	RET
