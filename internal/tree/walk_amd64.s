//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// For each mask of 4 bits, the permutation that brings the elements whose bit
// is set to the front.
DATA perms<>+0(SB)/8, $0x0
DATA perms<>+8(SB)/8, $0x0
DATA perms<>+16(SB)/8, $0x0
DATA perms<>+24(SB)/8, $0x0
DATA perms<>+32(SB)/8, $0x1
DATA perms<>+40(SB)/8, $0x0
DATA perms<>+48(SB)/8, $0x100000000
DATA perms<>+56(SB)/8, $0x0
DATA perms<>+64(SB)/8, $0x2
DATA perms<>+72(SB)/8, $0x0
DATA perms<>+80(SB)/8, $0x200000000
DATA perms<>+88(SB)/8, $0x0
DATA perms<>+96(SB)/8, $0x200000001
DATA perms<>+104(SB)/8, $0x0
DATA perms<>+112(SB)/8, $0x100000000
DATA perms<>+120(SB)/8, $0x2
DATA perms<>+128(SB)/8, $0x3
DATA perms<>+136(SB)/8, $0x0
DATA perms<>+144(SB)/8, $0x300000000
DATA perms<>+152(SB)/8, $0x0
DATA perms<>+160(SB)/8, $0x300000001
DATA perms<>+168(SB)/8, $0x0
DATA perms<>+176(SB)/8, $0x100000000
DATA perms<>+184(SB)/8, $0x3
DATA perms<>+192(SB)/8, $0x300000002
DATA perms<>+200(SB)/8, $0x0
DATA perms<>+208(SB)/8, $0x200000000
DATA perms<>+216(SB)/8, $0x3
DATA perms<>+224(SB)/8, $0x200000001
DATA perms<>+232(SB)/8, $0x3
DATA perms<>+240(SB)/8, $0x100000000
DATA perms<>+248(SB)/8, $0x300000002
GLOBL perms<>(SB), RODATA|NOPTR, $256

// func quadsAVX(w *walk, queue, leaves *int32) bool
//
// The distance to the box is, on each axis, the largest of low - x, x - high
// and 0. Whatever a mask selects is stored as four elements, of which the next
// store writes over those not selected.
TEXT ·quadsAVX(SB), NOSPLIT, $0-25
	MOVQ w+0(FP), DI
	MOVQ Walk_quads(DI), SI
	VBROADCASTSS Walk_box+0(DI), X8
	VBROADCASTSS Walk_box+4(DI), X9
	VBROADCASTSS Walk_box+8(DI), X10
	VBROADCASTSS Walk_box+12(DI), X11
	VXORPS X12, X12, X12
	LEAQ perms<>(SB), R8
	MOVQ queue+8(FP), R9
	MOVQ leaves+16(FP), R10
	XORQ R11, R11 // cells listed
	XORQ R12, R12 // leaves
	XORQ AX, AX   // the next of the queue,
	MOVQ $1, BX   // and its end
	MOVL $0, (R9) // the root

next:
	CMPQ AX, BX
	JGE  points
	CMPQ AX, $(const_listSize/4) // each quad lists and opens 4 at most
	JGE  overflow
	MOVL (R9)(AX*4), CX
	INCQ AX
	SHLQ $7, CX
	ADDQ SI, CX

	VMOVUPS quad_x(CX), X0
	VMOVUPS quad_y(CX), X1
	VSUBPS  X0, X8, X2
	VSUBPS  X10, X0, X3
	VMAXPS  X3, X2, X2
	VMAXPS  X12, X2, X2
	VSUBPS  X1, X9, X3
	VSUBPS  X11, X1, X4
	VMAXPS  X4, X3, X3
	VMAXPS  X12, X3, X3
	VMULPS  X2, X2, X2
	VMULPS  X3, X3, X3
	VADDPS  X3, X2, X2
	VMOVUPS quad_reach(CX), X3
	VCMPPS  $0x1e, X3, X2, X4 // greater
	VCMPPS  $0x12, X3, X2, X5 // less or equal: neither where reach is NaN
	VMOVMSKPS X4, DX
	VMOVMSKPS X5, R13

	// Those that are far.
	MOVQ      DX, R14
	SHLQ      $4, R14
	VMOVUPS   (R8)(R14*1), X6
	VPERMILPS X6, X0, X0
	VPERMILPS X6, X1, X1
	VMOVUPS   quad_count(CX), X2
	VPERMILPS X6, X2, X2
	VMOVUPS   X0, Walk_far+farList_x(DI)(R11*4)
	VMOVUPS   X1, Walk_far+farList_y(DI)(R11*4)
	VMOVUPS   X2, Walk_far+farList_count(DI)(R11*4)
	POPCNTL   DX, DX
	ADDQ      DX, R11

	// The others, by kind.
	MOVL      quad_leaves(CX), R14
	VMOVUPS   quad_open(CX), X0
	ANDL      R13, R14
	XORL      R14, R13
	MOVQ      R13, DX
	SHLQ      $4, DX
	VPERMILPS (R8)(DX*1), X0, X1
	VMOVUPS   X1, (R9)(BX*4)
	POPCNTL   R13, R13
	ADDQ      R13, BX
	MOVQ      R14, DX
	SHLQ      $4, DX
	VPERMILPS (R8)(DX*1), X0, X1
	VMOVUPS   X1, (R10)(R12*4)
	POPCNTL   R14, R14
	ADDQ      R14, R12
	JMP       next

points:
	// As many points of each leaf as one may hold, without a branch: those past
	// its end are written over by the next.
	CMPQ R12, $(const_listSize/8)
	JGT  overflow
	MOVQ R11, Walk_farN(DI)
	MOVQ Walk_nodes(DI), SI
	MOVQ Walk_points(DI), R8
	LEAQ Walk_near(DI), R13
	LEAQ (R10)(R12*4), R12
	MOVQ R13, R9
	JMP  check

leaf:
	MOVL    (R10), CX
	ADDQ    $4, R10
	SHLQ    $5, CX
	MOVLQSX node_first(SI)(CX*1), AX
	MOVLQSX node_last(SI)(CX*1), DX
	SUBQ    AX, DX
	SHLQ    $4, AX
	SHLQ    $4, DX
	ADDQ    R8, AX
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	VMOVUPS 64(AX), Y2
	VMOVUPS 96(AX), Y3
	VMOVUPS Y0, (R13)
	VMOVUPS Y1, 32(R13)
	VMOVUPS Y2, 64(R13)
	VMOVUPS Y3, 96(R13)
	ADDQ    DX, R13

check:
	CMPQ R10, R12
	JLT  leaf
	SUBQ R9, R13
	SHRQ $4, R13
	MOVQ R13, Walk_nearN(DI)
	MOVB $1, ret+24(FP)
	VZEROUPPER
	RET

overflow:
	MOVB $0, ret+24(FP)
	VZEROUPPER
	RET
