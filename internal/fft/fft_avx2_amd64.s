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

// func fftTurnAVX2(dst, a, b *float64, dstStep, aStep, bStep int, sign float64)
TEXT ·fftTurnAVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ dstStep+24(FP), R8
	MOVQ aStep+32(FP), R9
	MOVQ bStep+40(FP), R10
	VBROADCASTSD sign+48(FP), Y15
	XORQ R11, R11 // 0 or 32: the half of the rows' elements, then
	MOVQ $2, CX
halves:
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), BX
	ADDQ R11, SI
	ADDQ R11, BX
	MOVQ DI, DX
	MOVQ $2, AX
quarters: // four rows, from each four elements
#define SUM(to) \
	VMOVUPD (SI), to; \
	VFMADD231PD (BX), Y15, to; \
	ADDQ R9, SI; \
	ADDQ R10, BX
	SUM(Y0)
	SUM(Y1)
	SUM(Y2)
	SUM(Y3)
	VUNPCKLPD Y1, Y0, Y4
	VUNPCKHPD Y1, Y0, Y5
	VUNPCKLPD Y3, Y2, Y6
	VUNPCKHPD Y3, Y2, Y7
	VPERM2F128 $0x20, Y6, Y4, Y0
	VPERM2F128 $0x20, Y7, Y5, Y1
	VPERM2F128 $0x31, Y6, Y4, Y2
	VPERM2F128 $0x31, Y7, Y5, Y3
	MOVQ DX, R12
	VMOVUPD Y0, (R12)
	ADDQ R8, R12
	VMOVUPD Y1, (R12)
	ADDQ R8, R12
	VMOVUPD Y2, (R12)
	ADDQ R8, R12
	VMOVUPD Y3, (R12)
	ADDQ $32, DX
	DECQ AX
	JNZ  quarters
	LEAQ (DI)(R8*4), DI
	ADDQ $32, R11
	DECQ CX
	JNZ  halves
	VZEROUPPER
	RET
