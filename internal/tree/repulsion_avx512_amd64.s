//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Z0 and Z1 are the points of the group, Z2 and Z3 the forces on them, Z4 the
// sum of q, Z5 the number of bodies in the same place, Z7 ones.

#define LOAD_GROUP \
	MOVQ on+0(FP), DI; MOVQ from+8(FP), SI; MOVQ n+16(FP), CX; \
	VMOVUPS group_x(DI), Z0; VMOVUPS group_y(DI), Z1; \
	VMOVUPS group_fx(DI), Z2; VMOVUPS group_fy(DI), Z3; \
	VMOVUPS group_z(DI), Z4; VMOVUPS group_same(DI), Z5; \
	MOVL $0x3f800000, AX; VPBROADCASTD AX, Z7; VPXORD Z6, Z6, Z6

#define STORE_GROUP \
	VMOVUPS Z2, group_fx(DI); VMOVUPS Z3, group_fy(DI); \
	VMOVUPS Z4, group_z(DI); VMOVUPS Z5, group_same(DI)

// func sumAVX512(on *group, from *farList, n int)
TEXT ·sumAVX512(SB), NOSPLIT, $0-24
	LOAD_GROUP
	SHLQ $2, CX
	ADDQ SI, CX
	CMPQ SI, CX
	JGE  done

loop:
	VSUBPS.BCST  farList_x(SI), Z0, Z8
	VSUBPS.BCST  farList_y(SI), Z1, Z9
	VMOVAPS      Z7, Z10
	VFMADD231PS  Z8, Z8, Z10
	VFMADD231PS  Z9, Z9, Z10
	VDIVPS       Z10, Z7, Z10              // q
	VMULPS.BCST  farList_count(SI), Z10, Z11
	VADDPS       Z11, Z4, Z4
	VMULPS       Z11, Z10, Z11
	VFMADD231PS  Z8, Z11, Z2
	VFMADD231PS  Z9, Z11, Z3
	ADDQ         $4, SI
	CMPQ         SI, CX
	JLT          loop

done:
	STORE_GROUP
	VZEROUPPER
	RET

// func sumNearAVX512(on *group, from *body, n int)
TEXT ·sumNearAVX512(SB), NOSPLIT, $0-24
	LOAD_GROUP
	SHLQ $4, CX
	ADDQ SI, CX
	CMPQ SI, CX
	JGE  done

loop:
	VSUBPS.BCST   body_x(SI), Z0, Z8
	VSUBPS.BCST   body_y(SI), Z1, Z9
	VMULPS        Z8, Z8, Z10
	VFMADD231PS   Z9, Z9, Z10
	VCMPPS        $4, Z6, Z10, K1          // another place
	VCMPPS        $0, Z6, Z10, K2
	VADDPS        Z7, Z10, Z10
	VDIVPS        Z10, Z7, Z10             // q
	VBROADCASTSS  body_count(SI), Z12
	VMULPS        Z12, Z10, Z11
	VADDPS        Z11, Z4, K1, Z4
	VADDPS        Z12, Z5, K2, Z5
	VMULPS        Z11, Z10, Z11
	VFMADD231PS   Z8, Z11, Z2
	VFMADD231PS   Z9, Z11, Z3
	ADDQ          $16, SI
	CMPQ          SI, CX
	JLT           loop

done:
	STORE_GROUP
	VZEROUPPER
	RET
