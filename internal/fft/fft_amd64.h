// The passes of the Fourier transform, for one vector of lanes at an offset
// into an element: real parts at off, imaginary parts 64 bytes on. The files
// that include this name V0 to V11 the registers of data, T0 and T1 scratch, and
// W0 to W5 the twiddles, real and imaginary parts in turn; TWIDDLE loads a pair
// of them just before its use where there are too few registers to keep it.
//
// SI points to the first operand, and SI+R8, SI+2*R8 and SI+R9 (3*R8) to the
// others. DI points to the first result, and DI+R10, DI+2*R10 and DI+R11 to the
// others.

// TIMES stores (re, im) * (wr, wi).
#define TIMES(at, re, im, wr, wi, toRe, toIm) \
	TWIDDLE(at, wr, wi); \
	VMULPD wi, im, T0; VMULPD wr, im, T1; \
	VFMSUB231PD wr, re, T0; VFMADD231PD wi, re, T1; \
	VMOVUPD T0, toRe; VMOVUPD T1, toIm

#define PASS4(off) \
	VMOVUPD off(SI), V0; VMOVUPD off+64(SI), V1; \
	VMOVUPD off(SI)(R8*1), V2; VMOVUPD off+64(SI)(R8*1), V3; \
	VMOVUPD off(SI)(R8*2), V4; VMOVUPD off+64(SI)(R8*2), V5; \
	VMOVUPD off(SI)(R9*1), V6; VMOVUPD off+64(SI)(R9*1), V7; \
	VADDPD V4, V0, V8; VADDPD V5, V1, V9; \
	VSUBPD V4, V0, V0; VSUBPD V5, V1, V1; \
	VADDPD V6, V2, V10; VADDPD V7, V3, V11; \
	VSUBPD V6, V2, V2; VSUBPD V7, V3, V3; \
	VADDPD V10, V8, V4; VADDPD V11, V9, V5; \
	VSUBPD V10, V8, V8; VSUBPD V11, V9, V9; \
	VMOVUPD V4, off(DI); VMOVUPD V5, off+64(DI); \
	VADDPD V3, V0, V6; VSUBPD V2, V1, V7; \
	VSUBPD V3, V0, V0; VADDPD V2, V1, V1; \
	TIMES(0, V6, V7, W0, W1, off(DI)(R10*1), off+64(DI)(R10*1)); \
	TIMES(16, V8, V9, W2, W3, off(DI)(R10*2), off+64(DI)(R10*2)); \
	TIMES(32, V0, V1, W4, W5, off(DI)(R11*1), off+64(DI)(R11*1))

// PASS3 has 1/2 in V10 and the sine of 60 degrees in V11.
#define PASS3(off) \
	VMOVUPD off(SI), V0; VMOVUPD off+64(SI), V1; \
	VMOVUPD off(SI)(R8*1), V2; VMOVUPD off+64(SI)(R8*1), V3; \
	VMOVUPD off(SI)(R8*2), V4; VMOVUPD off+64(SI)(R8*2), V5; \
	VADDPD V4, V2, V6; VADDPD V5, V3, V7; \
	VSUBPD V4, V2, V2; VSUBPD V5, V3, V3; \
	VADDPD V6, V0, V8; VADDPD V7, V1, V9; \
	VMOVUPD V8, off(DI); VMOVUPD V9, off+64(DI); \
	VFNMADD231PD V10, V6, V0; VFNMADD231PD V10, V7, V1; \
	VMOVAPD V0, V4; VMOVAPD V1, V5; \
	VFMADD231PD V11, V3, V4; VFNMADD231PD V11, V2, V5; \
	VFNMADD231PD V11, V3, V0; VFMADD231PD V11, V2, V1; \
	TIMES(0, V4, V5, W0, W1, off(DI)(R10*1), off+64(DI)(R10*1)); \
	TIMES(16, V0, V1, W2, W3, off(DI)(R10*2), off+64(DI)(R10*2))

#define PASS2(off) \
	VMOVUPD off(SI), V0; VMOVUPD off+64(SI), V1; \
	VMOVUPD off(SI)(R8*1), V2; VMOVUPD off+64(SI)(R8*1), V3; \
	VADDPD V2, V0, V4; VADDPD V3, V1, V5; \
	VSUBPD V2, V0, V0; VSUBPD V3, V1, V1; \
	VMOVUPD V4, off(DI); VMOVUPD V5, off+64(DI); \
	TIMES(0, V0, V1, W0, W1, off(DI)(R10*1), off+64(DI)(R10*1))

// ARGUMENTS loads the arguments of a pass: m in CX, the stride in DX, and the
// distances between operands and between results in bytes.
#define ARGUMENTS \
	MOVQ dst+0(FP), DI; \
	MOVQ src+8(FP), SI; \
	MOVQ twiddles+16(FP), BX; \
	MOVQ m+24(FP), CX; \
	MOVQ stride+32(FP), DX; \
	MOVQ DX, R10; \
	SHLQ $7, R10; \
	LEAQ (R10)(R10*2), R11; \
	MOVQ R10, R8; \
	IMULQ CX, R8; \
	LEAQ (R8)(R8*2), R9

// LOOP is a pass over all elements: for each of m, the twiddles are loaded, and
// stride elements combined; then the results go on past those of the other
// sequences, skip bytes.
#define LOOP(load, combine, size, skip) \
outer: \
	load; \
	MOVQ DX, AX; \
inner: \
	combine; \
	ADDQ $128, SI; \
	ADDQ $128, DI; \
	DECQ AX; \
	JNZ  inner; \
	ADDQ $size, BX; \
	ADDQ skip, DI; \
	DECQ CX; \
	JNZ  outer; \
	VZEROUPPER; \
	RET

// The constants of PASS3.
DATA fftHalf<>+0(SB)/8, $0.5
GLOBL fftHalf<>(SB), RODATA|NOPTR, $8
DATA fftSine60<>+0(SB)/8, $0.866025403784438646763723170752936183
GLOBL fftSine60<>(SB), RODATA|NOPTR, $8
