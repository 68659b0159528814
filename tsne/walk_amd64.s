//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// The sign bits of the upper two of four floats.
DATA signs<>+0(SB)/8, $0
DATA signs<>+8(SB)/8, $0x8000000080000000
GLOBL signs<>(SB), RODATA|NOPTR, $16

// func walkAVX(w *walk)
//
// As walkGo. The distance to the box is, on each axis, the largest of low - x,
// x - high and 0: with the box in one register as (low, -high), that is one
// subtraction of (x, y, -x, -y).
TEXT ·walkAVX(SB), NOSPLIT, $0-8
	MOVQ    w+0(FP), DI
	MOVQ    walk_nodes(DI), SI
	MOVQ    walk_points(DI), R8
	MOVQ    walk_at(DI), AX
	MOVQ    walk_end(DI), BX
	MOVQ    walk_far(DI), R9
	MOVQ    walk_near(DI), R10
	MOVQ    walk_farN(DI), R11
	MOVQ    walk_nearN(DI), R12
	VMOVUPS walk_box(DI), X8
	VMOVUPS signs<>(SB), X9
	VXORPS  X10, X10, X10
	SHLQ    $4, R11
	SHLQ    $4, R12

	// All in bytes: nodes have 32, bodies 16.
	SHLQ $5, AX
	SHLQ $5, BX

next:
	CMPQ AX, BX
	JGE  done
	CMPQ R11, $(const_listSize*16)
	JGE  done
	CMPQ R12, $((const_listSize-const_leafSize)*16)
	JGT  done

node:
	VMOVDDUP  (SI)(AX*1), X0
	VXORPS    X9, X0, X1
	VSUBPS    X1, X8, X1
	VPERMILPD $1, X1, X2
	VMAXPS    X2, X1, X1
	VMAXPS    X10, X1, X1
	VMULPS    X1, X1, X1
	VMOVSHDUP X1, X2
	VADDSS    X2, X1, X1
	VUCOMISS  node_reach(SI)(AX*1), X1
	JLS       close

	// Far: list the cell, skip what is inside.
	VMOVUPS    (SI)(AX*1), X0
	VMOVUPS    X0, (R9)(R11*1)
	ADDQ       $16, R11
	MOVLQSX    node_next(SI)(AX*1), AX
	SHLQ       $5, AX
	JMP        next

close:
	MOVLQSX node_first(SI)(AX*1), CX
	TESTQ   CX, CX
	JGE     leaf
	ADDQ    $32, AX
	JMP     node // the lists are as they were, and inside there is a node

leaf:
	// As many points as a leaf may hold, without a branch: those past its end
	// are written over by the next.
	MOVLQSX node_last(SI)(AX*1), DX
	MOVLQSX node_next(SI)(AX*1), AX
	SHLQ    $5, AX
	SUBQ    CX, DX
	SHLQ    $4, CX
	SHLQ    $4, DX
	ADDQ    R8, CX
	LEAQ    (R10)(R12*1), R13
	VMOVUPS (CX), Y0
	VMOVUPS 32(CX), Y1
	VMOVUPS 64(CX), Y2
	VMOVUPS 96(CX), Y3
	VMOVUPS Y0, (R13)
	VMOVUPS Y1, 32(R13)
	VMOVUPS Y2, 64(R13)
	VMOVUPS Y3, 96(R13)
	ADDQ    DX, R12
	JMP     next

done:
	SHRQ $5, AX
	SHRQ $4, R11
	SHRQ $4, R12
	MOVQ AX, walk_at(DI)
	MOVQ R11, walk_farN(DI)
	MOVQ R12, walk_nearN(DI)
	VZEROUPPER
	RET
