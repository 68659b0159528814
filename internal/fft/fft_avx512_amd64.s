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

// func fftTurnAVX512(dst, a, b *float64, dstStep, aStep, bStep int, sign float64)
TEXT ·fftTurnAVX512(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), BX
	MOVQ dstStep+24(FP), R8
	MOVQ aStep+32(FP), R9
	MOVQ bStep+40(FP), R10
	VBROADCASTSD sign+48(FP), Z31
#define SUM(to) \
	VMOVUPD (SI), to; \
	VFMADD231PD (BX), Z31, to; \
	ADDQ R9, SI; \
	ADDQ R10, BX
	SUM(Z0)
	SUM(Z1)
	SUM(Z2)
	SUM(Z3)
	SUM(Z4)
	SUM(Z5)
	SUM(Z6)
	SUM(Z7)
	VUNPCKLPD Z1, Z0, Z8
	VUNPCKHPD Z1, Z0, Z9
	VUNPCKLPD Z3, Z2, Z10
	VUNPCKHPD Z3, Z2, Z11
	VUNPCKLPD Z5, Z4, Z12
	VUNPCKHPD Z5, Z4, Z13
	VUNPCKLPD Z7, Z6, Z14
	VUNPCKHPD Z7, Z6, Z15
	VSHUFF64X2 $0x88, Z10, Z8, Z0
	VSHUFF64X2 $0xdd, Z10, Z8, Z1
	VSHUFF64X2 $0x88, Z14, Z12, Z2
	VSHUFF64X2 $0xdd, Z14, Z12, Z3
	VSHUFF64X2 $0x88, Z11, Z9, Z4
	VSHUFF64X2 $0xdd, Z11, Z9, Z5
	VSHUFF64X2 $0x88, Z15, Z13, Z6
	VSHUFF64X2 $0xdd, Z15, Z13, Z7
	VSHUFF64X2 $0x88, Z2, Z0, Z8  // column 0
	VSHUFF64X2 $0xdd, Z2, Z0, Z12 // 4
	VSHUFF64X2 $0x88, Z3, Z1, Z10 // 2
	VSHUFF64X2 $0xdd, Z3, Z1, Z14 // 6
	VSHUFF64X2 $0x88, Z6, Z4, Z9  // 1
	VSHUFF64X2 $0xdd, Z6, Z4, Z13 // 5
	VSHUFF64X2 $0x88, Z7, Z5, Z11 // 3
	VSHUFF64X2 $0xdd, Z7, Z5, Z15 // 7
#define PUT(from) \
	VMOVUPD from, (DI); \
	ADDQ R8, DI
	PUT(Z8)
	PUT(Z9)
	PUT(Z10)
	PUT(Z11)
	PUT(Z12)
	PUT(Z13)
	PUT(Z14)
	PUT(Z15)
	VZEROUPPER
	RET
