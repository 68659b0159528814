//go:build !purego

#include "textflag.h"
#include "fft_amd64.h"

#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define V4 Z4
#define V5 Z5
#define V6 Z6
#define V7 Z7
#define V8 Z8
#define V9 Z9
#define V10 Z10
#define V11 Z11
#define T0 Z12
#define T1 Z13
#define W0 Z16
#define W1 Z17
#define W2 Z18
#define W3 Z19
#define W4 Z20
#define W5 Z21

// One vector is all lanes, and the twiddles stay in registers.
#define BOTH(pass) pass(0)
#define TWIDDLE(at, wr, wi)
#define LOAD1 VBROADCASTSD 0(BX), W0; VBROADCASTSD 8(BX), W1
#define LOAD2 LOAD1; VBROADCASTSD 16(BX), W2; VBROADCASTSD 24(BX), W3
#define LOAD3 LOAD2; VBROADCASTSD 32(BX), W4; VBROADCASTSD 40(BX), W5

// func fftPass4AVX512(dst, src, twiddles *float64, m, stride int)
TEXT ·fftPass4AVX512(SB), NOSPLIT, $0-40
	ARGUMENTS
	LOOP(LOAD3, BOTH(PASS4), 48, R11)

// func fftPass3AVX512(dst, src, twiddles *float64, m, stride int)
TEXT ·fftPass3AVX512(SB), NOSPLIT, $0-40
	ARGUMENTS
	VBROADCASTSD fftHalf<>(SB), V10
	VBROADCASTSD fftSine60<>(SB), V11
	LEAQ (R10)(R10*1), R11
	LOOP(LOAD2, BOTH(PASS3), 32, R11)

// func fftPass2AVX512(dst, src, twiddles *float64, m, stride int)
TEXT ·fftPass2AVX512(SB), NOSPLIT, $0-40
	ARGUMENTS
	LOOP(LOAD1, BOTH(PASS2), 16, R10)
