//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Half a group at a time: Y0 and Y1 are its points, Y2 and Y3 the forces on
// them, Y4 the sum of q, Y5 the number of bodies in the same place, Y7 ones.

#define LOAD_HALF \
	VMOVUPS group_x(DI), Y0; VMOVUPS group_y(DI), Y1; \
	VMOVUPS group_fx(DI), Y2; VMOVUPS group_fy(DI), Y3; \
	VMOVUPS group_z(DI), Y4; VMOVUPS group_same(DI), Y5

#define STORE_HALF \
	VMOVUPS Y2, group_fx(DI); VMOVUPS Y3, group_fy(DI); \
	VMOVUPS Y4, group_z(DI); VMOVUPS Y5, group_same(DI)

#define START \
	MOVQ on+0(FP), DI; MOVQ from+8(FP), R8; MOVQ n+16(FP), CX; \
	MOVL $0x3f800000, AX; VMOVD AX, X7; VBROADCASTSS X7, Y7; VXORPS Y6, Y6, Y6; \
	MOVQ R8, SI

// The sums over cells that are far.
#define FAR \
	VBROADCASTSS farList_x(SI), Y8; VSUBPS Y8, Y0, Y8; \
	VBROADCASTSS farList_y(SI), Y9; VSUBPS Y9, Y1, Y9; \
	VMOVAPS Y7, Y10; VFMADD231PS Y8, Y8, Y10; VFMADD231PS Y9, Y9, Y10; \
	VDIVPS Y10, Y7, Y10; \
	VBROADCASTSS farList_count(SI), Y11; VMULPS Y11, Y10, Y11; \
	VADDPS Y11, Y4, Y4; VMULPS Y11, Y10, Y11; \
	VFMADD231PS Y8, Y11, Y2; VFMADD231PS Y9, Y11, Y3; \
	ADDQ $4, SI

// The sums over points, some of them perhaps in the place of another.
#define NEAR \
	VBROADCASTSS body_x(SI), Y8; VSUBPS Y8, Y0, Y8; \
	VBROADCASTSS body_y(SI), Y9; VSUBPS Y9, Y1, Y9; \
	VMULPS Y8, Y8, Y10; VFMADD231PS Y9, Y9, Y10; \
	VCMPPS $0, Y6, Y10, Y13; \
	VADDPS Y7, Y10, Y10; VDIVPS Y10, Y7, Y10; \
	VBROADCASTSS body_count(SI), Y12; VMULPS Y12, Y10, Y11; \
	VANDPS Y12, Y13, Y12; VADDPS Y12, Y5, Y5; \
	VANDNPS Y11, Y13, Y13; VADDPS Y13, Y4, Y4; \
	VMULPS Y11, Y10, Y11; \
	VFMADD231PS Y8, Y11, Y2; VFMADD231PS Y9, Y11, Y3; \
	ADDQ $16, SI

// func sumAVX2(on *group, from *farList, n int)
TEXT ·sumAVX2(SB), NOSPLIT, $0-24
	START
	SHLQ $2, CX
	ADDQ SI, CX
	CMPQ SI, CX
	JGE  done
	LOAD_HALF

first:
	FAR
	CMPQ SI, CX
	JLT  first
	STORE_HALF
	ADDQ $32, DI
	LOAD_HALF
	MOVQ R8, SI

second:
	FAR
	CMPQ SI, CX
	JLT  second
	STORE_HALF

done:
	VZEROUPPER
	RET

// func sumNearAVX2(on *group, from *body, n int)
TEXT ·sumNearAVX2(SB), NOSPLIT, $0-24
	START
	SHLQ $4, CX
	ADDQ SI, CX
	CMPQ SI, CX
	JGE  done
	LOAD_HALF

first:
	NEAR
	CMPQ SI, CX
	JLT  first
	STORE_HALF
	ADDQ $32, DI
	LOAD_HALF
	MOVQ R8, SI

second:
	NEAR
	CMPQ SI, CX
	JLT  second
	STORE_HALF

done:
	VZEROUPPER
	RET
