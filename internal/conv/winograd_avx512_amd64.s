//go:build !purego

#include "textflag.h"
#include "go_asm.h"

#define INPUT2 ·input2AVX512
#define INPUT4 ·input4AVX512
#define OUTPUT2 ·output2AVX512
#define OUTPUT4 ·output4AVX512
#define POOL ·poolAVX512
#define SIZE 64
#define OR VPORQ
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
#define V12 Z12
#define V13 Z13
#define V14 Z14
#define V15 Z15

#include "winograd_amd64.h"
