// oc_tune: how gcc is told to compile the inner loops of the fast forms; counted with gcc 12 in
// instructions a byte (`make bench-native`). Included by sources whose fast form is built. Without
// it, or with another compiler, the same code is a few instructions slower.
#ifndef OC_TUNE_H
#define OC_TUNE_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__ARM_ARCH)
#if __ARM_ARCH == 6
// Eight low registers: rotation amounts and spilled words are what costs.
#if defined(OC_TUNE_CIPHER)
#pragma GCC optimize("O1", "ira-algorithm=priority", "rename-registers")
#else
#pragma GCC optimize("rename-registers", "no-tree-reassoc")
#endif
#elif __ARM_ARCH == 7
#pragma GCC optimize("O2", "no-schedule-insns")
#endif
#endif

#endif
