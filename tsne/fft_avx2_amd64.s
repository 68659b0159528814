//go:build !purego

#include "textflag.h"
#include "fft_amd64.h"

#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define V4 Y4
#define V5 Y5
#define V6 Y6
#define V7 Y7
#define V8 Y8
#define V9 Y9
#define V10 Y10
#define V11 Y11
#define T0 Y12
#define T1 Y13
#define W0 Y14
#define W1 Y15
#define W2 Y14
#define W3 Y15
#define W4 Y14
#define W5 Y15

// Two vectors are all lanes.
#define BOTH(pass) pass(0); pass(32)
#define TWIDDLE(at, wr, wi) VBROADCASTSD at(BX), wr; VBROADCASTSD at+8(BX), wi
#define LOAD1
#define LOAD2
#define LOAD3

// func fftPass4AVX2(dst, src, twiddles *float64, m, stride int)
TEXT ·fftPass4AVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	LOOP(LOAD3, BOTH(PASS4), 48, R11)

// func fftPass3AVX2(dst, src, twiddles *float64, m, stride int)
TEXT ·fftPass3AVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	VBROADCASTSD fftHalf<>(SB), V10
	VBROADCASTSD fftSine60<>(SB), V11
	LEAQ (R10)(R10*1), R11
	LOOP(LOAD2, BOTH(PASS3), 32, R11)

// func fftPass2AVX2(dst, src, twiddles *float64, m, stride int)
TEXT ·fftPass2AVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	LOOP(LOAD1, BOTH(PASS2), 16, R10)
