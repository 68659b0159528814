//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// LOAD_POINTS loads the 8 points of the columns at R9, a point at a time and
// two to a register: their x into Y10, their y into Y11.
#define LOAD_POINTS \
	MOVQ 0(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X8; VMOVHPS (SI)(AX*8), X8, X8; \
	MOVQ 8(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X9; VMOVHPS (SI)(AX*8), X9, X9; \
	MOVQ 16(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X10; VMOVHPS (SI)(AX*8), X10, X10; \
	MOVQ 24(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X11; VMOVHPS (SI)(AX*8), X11, X11; \
	VINSERTF128 $1, X10, Y8, Y8; VINSERTF128 $1, X11, Y9, Y9; \
	VSHUFPS $0x88, Y9, Y8, Y10; VSHUFPS $0xdd, Y9, Y8, Y11

// FOLD adds up the 8 elements of y, whose lower part is x.
#define FOLD(y, x) \
	VEXTRACTF128 $1, y, X8; VADDPS X8, x, x; \
	VPERMILPD $1, x, X8; VADDPS X8, x, x; \
	VMOVSHDUP x, X8; VADDSS X8, x, x

// func attractAVX2(s *springs, lo, hi int)
TEXT ·attractAVX2(SB), NOSPLIT, $0-24
	MOVQ s+0(FP), DI
	MOVQ lo+8(FP), CX
	MOVQ hi+16(FP), DX
	MOVQ Springs_points(DI), SI
	MOVQ Springs_Forces(DI), R13
	MOVQ Springs_rowOrder+rowOrder_rowStart(DI), R12
	MOVL $0x3f800000, AX
	VMOVD AX, X7
	VBROADCASTSS X7, Y7
	JMP  check

row:
	// R9 to R11 are the columns of row CX, R10 the values.
	MOVQ (R12)(CX*8), AX
	MOVQ 8(R12)(CX*8), BX
	SHLQ $2, AX
	SHLQ $2, BX
	MOVQ Springs_values(DI), R10
	ADDQ AX, R10
	MOVQ Springs_rowOrder+rowOrder_columns(DI), R11
	LEAQ (R11)(AX*1), R9
	ADDQ BX, R11
	VBROADCASTSS (SI)(CX*8), Y0
	VBROADCASTSS 4(SI)(CX*8), Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	CMPQ R9, R11
	JGE  end

entries:
	LOAD_POINTS
	VSUBPS      Y10, Y0, Y10
	VSUBPS      Y11, Y1, Y11
	VMOVAPS     Y7, Y12
	VFMADD231PS Y10, Y10, Y12
	VFMADD231PS Y11, Y11, Y12
	VMOVUPS     (R10), Y13
	VDIVPS      Y12, Y13, Y12        // p q
	VFMADD231PS Y10, Y12, Y2
	VFMADD231PS Y11, Y12, Y3
	ADDQ        $32, R9
	ADDQ        $32, R10
	CMPQ        R9, R11
	JLT         entries

end:
	FOLD(Y2, X2)
	FOLD(Y3, X3)
	VMOVSS X2, (R13)(CX*8)
	VMOVSS X3, 4(R13)(CX*8)
	INCQ CX

check:
	CMPQ CX, DX
	JLT  row
	VZEROUPPER
	RET

// sqrt(1/2), log 2, 1/3, 1/5, 1/7 and 1/9, eight times each.
DATA logs<>+0(SB)/8, $0x3f3504f33f3504f3
DATA logs<>+8(SB)/8, $0x3f3504f33f3504f3
DATA logs<>+16(SB)/8, $0x3f3504f33f3504f3
DATA logs<>+24(SB)/8, $0x3f3504f33f3504f3
DATA logs<>+32(SB)/8, $0x3f3172183f317218
DATA logs<>+40(SB)/8, $0x3f3172183f317218
DATA logs<>+48(SB)/8, $0x3f3172183f317218
DATA logs<>+56(SB)/8, $0x3f3172183f317218
DATA logs<>+64(SB)/8, $0x3eaaaaab3eaaaaab
DATA logs<>+72(SB)/8, $0x3eaaaaab3eaaaaab
DATA logs<>+80(SB)/8, $0x3eaaaaab3eaaaaab
DATA logs<>+88(SB)/8, $0x3eaaaaab3eaaaaab
DATA logs<>+96(SB)/8, $0x3e4ccccd3e4ccccd
DATA logs<>+104(SB)/8, $0x3e4ccccd3e4ccccd
DATA logs<>+112(SB)/8, $0x3e4ccccd3e4ccccd
DATA logs<>+120(SB)/8, $0x3e4ccccd3e4ccccd
DATA logs<>+128(SB)/8, $0x3e1249253e124925
DATA logs<>+136(SB)/8, $0x3e1249253e124925
DATA logs<>+144(SB)/8, $0x3e1249253e124925
DATA logs<>+152(SB)/8, $0x3e1249253e124925
DATA logs<>+160(SB)/8, $0x3de38e393de38e39
DATA logs<>+168(SB)/8, $0x3de38e393de38e39
DATA logs<>+176(SB)/8, $0x3de38e393de38e39
DATA logs<>+184(SB)/8, $0x3de38e393de38e39
GLOBL logs<>(SB), RODATA|NOPTR, $192

// func crossAVX2(s *springs, lo, hi int) float64
//
// As crossGo.
TEXT ·crossAVX2(SB), NOSPLIT, $0-32
	MOVQ s+0(FP), DI
	MOVQ lo+8(FP), CX
	MOVQ hi+16(FP), DX
	MOVQ Springs_points(DI), SI
	MOVQ Springs_rowOrder+rowOrder_rowStart(DI), R12
	MOVL $0x3f800000, AX; VMOVD AX, X7; VBROADCASTSS X7, Y7
	VXORPD X5, X5, X5
	JMP  check

row:
	MOVQ (R12)(CX*8), AX
	MOVQ 8(R12)(CX*8), BX
	SHLQ $2, AX
	SHLQ $2, BX
	MOVQ Springs_values(DI), R10
	ADDQ AX, R10
	MOVQ Springs_rowOrder+rowOrder_columns(DI), R11
	LEAQ (R11)(AX*1), R9
	ADDQ BX, R11
	VBROADCASTSS (SI)(CX*8), Y0
	VBROADCASTSS 4(SI)(CX*8), Y1
	VXORPS Y2, Y2, Y2
	CMPQ R9, R11
	JGE  end

entries:
	LOAD_POINTS
	VSUBPS      Y10, Y0, Y10
	VSUBPS      Y11, Y1, Y11
	VMOVAPS     Y7, Y12
	VFMADD231PS Y10, Y10, Y12
	VFMADD231PS Y11, Y11, Y12      // v
	VPSUBD      logs<>+0(SB), Y12, Y8
	VPSRAD      $23, Y8, Y8          // e
	VPSLLD      $23, Y8, Y9
	VPSUBD      Y9, Y12, Y12       // m
	VCVTDQ2PS   Y8, Y8
	VADDPS      Y7, Y12, Y9
	VSUBPS      Y7, Y12, Y12
	VDIVPS      Y9, Y12, Y12       // t
	VMULPS      Y12, Y12, Y9
	VMOVUPS     logs<>+160(SB), Y10
	VFMADD213PS logs<>+128(SB), Y9, Y10
	VFMADD213PS logs<>+96(SB), Y9, Y10
	VFMADD213PS logs<>+64(SB), Y9, Y10
	VFMADD213PS Y7, Y9, Y10
	VADDPS      Y12, Y12, Y12
	VMULPS      Y10, Y12, Y12
	VFMADD231PS logs<>+32(SB), Y8, Y12
	VFMADD231PS (R10), Y12, Y2
	ADDQ        $32, R9
	ADDQ        $32, R10
	CMPQ        R9, R11
	JLT         entries

end:
	FOLD(Y2, X2)
	VCVTSS2SD X2, X2, X2
	VADDSD    X2, X5, X5
	INCQ      CX

check:
	CMPQ   CX, DX
	JLT    row
	VMOVSD X5, ret+24(FP)
	VZEROUPPER
	RET
