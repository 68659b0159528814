//go:build !purego

#include "textflag.h"

// The condition is "not greater than, unordered": a NaN is found.

// func scanAVX512(products, base []float32, factor, limit float32) int
TEXT ·scanAVX512(SB), NOSPLIT, $0-64
	MOVQ         products_base+0(FP), SI
	MOVQ         products_len+8(FP), DX
	MOVQ         base_base+24(FP), DI
	VBROADCASTSS factor+48(FP), Z0
	VBROADCASTSS limit+52(FP), Z1
	XORQ         AX, AX
	SUBQ         $16, DX

sixteen:
	CMPQ        AX, DX
	JGT         rest
	VMOVUPS     (DI)(AX*4), Z2
	VFMADD231PS (SI)(AX*4), Z0, Z2
	VCMPPS      $0x1a, Z1, Z2, K1
	KMOVW       K1, BX
	TESTL       BX, BX
	JNZ         found
	ADDQ        $16, AX
	JMP         sixteen

found:
	BSFL BX, BX
	ADDQ BX, AX
	JMP  done

rest:
	ADDQ $16, DX

one:
	CMPQ        AX, DX
	JGE         done
	VMOVSS      (DI)(AX*4), X2
	VFMADD231SS (SI)(AX*4), X0, X2
	VUCOMISS    X1, X2
	JLS         done               // below, equal or unordered
	INCQ        AX
	JMP         one

done:
	MOVQ AX, ret+56(FP)
	VZEROUPPER
	RET

// func scanAVX2(products, base []float32, factor, limit float32) int
TEXT ·scanAVX2(SB), NOSPLIT, $0-64
	MOVQ         products_base+0(FP), SI
	MOVQ         products_len+8(FP), DX
	MOVQ         base_base+24(FP), DI
	VBROADCASTSS factor+48(FP), Y0
	VBROADCASTSS limit+52(FP), Y1
	XORQ         AX, AX
	SUBQ         $8, DX

eight:
	CMPQ        AX, DX
	JGT         rest
	VMOVUPS     (DI)(AX*4), Y2
	VFMADD231PS (SI)(AX*4), Y0, Y2
	VCMPPS      $0x1a, Y1, Y2, Y2
	VMOVMSKPS   Y2, BX
	TESTL       BX, BX
	JNZ         found
	ADDQ        $8, AX
	JMP         eight

found:
	BSFL BX, BX
	ADDQ BX, AX
	JMP  done

rest:
	ADDQ $8, DX

one:
	CMPQ        AX, DX
	JGE         done
	VMOVSS      (DI)(AX*4), X2
	VFMADD231SS (SI)(AX*4), X0, X2
	VUCOMISS    X1, X2
	JLS         done               // below, equal or unordered
	INCQ        AX
	JMP         one

done:
	MOVQ AX, ret+56(FP)
	VZEROUPPER
	RET
