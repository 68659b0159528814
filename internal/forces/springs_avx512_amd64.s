//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// LOAD_POINTS loads the 16 points of the columns at R9, a point at a time and
// two to a register: their x into Z10, their y into Z11.
#define LOAD_POINTS \
	MOVQ 0(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X8; VMOVHPS (SI)(AX*8), X8, X8; \
	MOVQ 8(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X9; VMOVHPS (SI)(AX*8), X9, X9; \
	MOVQ 16(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X10; VMOVHPS (SI)(AX*8), X10, X10; \
	MOVQ 24(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X11; VMOVHPS (SI)(AX*8), X11, X11; \
	MOVQ 32(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X12; VMOVHPS (SI)(AX*8), X12, X12; \
	MOVQ 40(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X13; VMOVHPS (SI)(AX*8), X13, X13; \
	MOVQ 48(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X14; VMOVHPS (SI)(AX*8), X14, X14; \
	MOVQ 56(R9), AX; MOVL AX, BX; SHRQ $32, AX; VMOVSD (SI)(BX*8), X15; VMOVHPS (SI)(AX*8), X15, X15; \
	VINSERTF128 $1, X10, Y8, Y8; VINSERTF128 $1, X14, Y12, Y12; VINSERTF64X4 $1, Y12, Z8, Z8; \
	VINSERTF128 $1, X11, Y9, Y9; VINSERTF128 $1, X15, Y13, Y13; VINSERTF64X4 $1, Y13, Z9, Z9; \
	VSHUFPS $0x88, Z9, Z8, Z10; VSHUFPS $0xdd, Z9, Z8, Z11

// FOLD adds up the 16 elements of z, whose lower parts are y and x.
#define FOLD(z, y, x) \
	VEXTRACTF64X4 $1, z, Y8; VADDPS Y8, y, y; \
	VEXTRACTF128 $1, y, X8; VADDPS X8, x, x; \
	VPERMILPD $1, x, X8; VADDPS X8, x, x; \
	VMOVSHDUP x, X8; VADDSS X8, x, x

// func attractAVX512(s *springs, lo, hi int)
TEXT ·attractAVX512(SB), NOSPLIT, $0-24
	MOVQ s+0(FP), DI
	MOVQ lo+8(FP), CX
	MOVQ hi+16(FP), DX
	MOVQ Springs_points(DI), SI
	MOVQ Springs_Forces(DI), R13
	MOVQ Springs_rowOrder+rowOrder_rowStart(DI), R12
	MOVL $0x3f800000, AX
	VPBROADCASTD AX, Z7
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
	VBROADCASTSS (SI)(CX*8), Z0
	VBROADCASTSS 4(SI)(CX*8), Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	CMPQ R9, R11
	JGE  end

entries:
	LOAD_POINTS
	VSUBPS      Z10, Z0, Z10
	VSUBPS      Z11, Z1, Z11
	VMOVAPS     Z7, Z12
	VFMADD231PS Z10, Z10, Z12
	VFMADD231PS Z11, Z11, Z12
	VMOVUPS     (R10), Z13
	VDIVPS      Z12, Z13, Z12        // p q
	VFMADD231PS Z10, Z12, Z2
	VFMADD231PS Z11, Z12, Z3
	ADDQ        $64, R9
	ADDQ        $64, R10
	CMPQ        R9, R11
	JLT         entries

end:
	FOLD(Z2, Y2, X2)
	FOLD(Z3, Y3, X3)
	VMOVSS X2, (R13)(CX*8)
	VMOVSS X3, 4(R13)(CX*8)
	INCQ CX

check:
	CMPQ CX, DX
	JLT  row
	VZEROUPPER
	RET

// func crossAVX512(s *springs, lo, hi int) float64
//
// As crossGo.
TEXT ·crossAVX512(SB), NOSPLIT, $0-32
	MOVQ s+0(FP), DI
	MOVQ lo+8(FP), CX
	MOVQ hi+16(FP), DX
	MOVQ Springs_points(DI), SI
	MOVQ Springs_rowOrder+rowOrder_rowStart(DI), R12
	MOVL $0x3f800000, AX; VPBROADCASTD AX, Z7
	MOVL $0x3f3504f3, AX; VPBROADCASTD AX, Z16
	MOVL $0x3f317218, AX; VPBROADCASTD AX, Z17
	MOVL $0x3eaaaaab, AX; VPBROADCASTD AX, Z18
	MOVL $0x3e4ccccd, AX; VPBROADCASTD AX, Z19
	MOVL $0x3e124925, AX; VPBROADCASTD AX, Z20
	MOVL $0x3de38e39, AX; VPBROADCASTD AX, Z21
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
	VBROADCASTSS (SI)(CX*8), Z0
	VBROADCASTSS 4(SI)(CX*8), Z1
	VPXORD Z2, Z2, Z2
	CMPQ R9, R11
	JGE  end

entries:
	LOAD_POINTS
	VSUBPS      Z10, Z0, Z10
	VSUBPS      Z11, Z1, Z11
	VMOVAPS     Z7, Z12
	VFMADD231PS Z10, Z10, Z12
	VFMADD231PS Z11, Z11, Z12      // v
	VPSUBD      Z16, Z12, Z8
	VPSRAD      $23, Z8, Z8          // e
	VPSLLD      $23, Z8, Z9
	VPSUBD      Z9, Z12, Z12       // m
	VCVTDQ2PS   Z8, Z8
	VADDPS      Z7, Z12, Z9
	VSUBPS      Z7, Z12, Z12
	VDIVPS      Z9, Z12, Z12       // t
	VMULPS      Z12, Z12, Z9
	VMOVUPS     Z21, Z10
	VFMADD213PS Z20, Z9, Z10
	VFMADD213PS Z19, Z9, Z10
	VFMADD213PS Z18, Z9, Z10
	VFMADD213PS Z7, Z9, Z10
	VADDPS      Z12, Z12, Z12
	VMULPS      Z10, Z12, Z12
	VFMADD231PS Z17, Z8, Z12
	VFMADD231PS (R10), Z12, Z2
	ADDQ        $64, R9
	ADDQ        $64, R10
	CMPQ        R9, R11
	JLT         entries

end:
	FOLD(Z2, Y2, X2)
	VCVTSS2SD X2, X2, X2
	VADDSD    X2, X5, X5
	INCQ      CX

check:
	CMPQ   CX, DX
	JLT    row
	VMOVSD X5, ret+24(FP)
	VZEROUPPER
	RET
