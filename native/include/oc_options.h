// oc_options: which form of each primitive is built. All forms give the same results.
//
// OC_PROFILE sets them all; any one can still be given by itself:
//   0 small  a microcontroller short of flash (the default)
//   1 fast   a microcontroller: what firmware images and native modules take
//   2 host   a PC: big tables, batches, vector units found at run time
#ifndef OC_OPTIONS_H
#define OC_OPTIONS_H

#ifndef OC_PROFILE
#define OC_PROFILE 0
#endif

// 1: 16 KiB of tables for eight bytes at once; 0: 128 bytes, half a byte at once.
#ifndef OC_CRC_TABLE
#define OC_CRC_TABLE (OC_PROFILE == 2)
#endif

// Rounds of SM3 written out: 0 four of 64, 1 sixteen, 2 all; of SHA-256: 0 eight of 64, 1 sixteen.
#ifndef OC_SM3_UNROLL
#if OC_PROFILE == 2 || (OC_PROFILE == 1 && !(defined(__ARM_ARCH) && __ARM_ARCH == 6))
#define OC_SM3_UNROLL 2
#else
#define OC_SM3_UNROLL (OC_PROFILE == 1)
#endif
#endif
#ifndef OC_SHA256_UNROLL
#define OC_SHA256_UNROLL (OC_PROFILE != 0)
#endif

// 1: 2 KiB of joined tables; 0: 1 KiB and two look-ups for one.
#ifndef OC_DES_TABLE
#define OC_DES_TABLE (OC_PROFILE != 0)
#endif

// Tables of 1 KiB for a round of SM4: 0 (the 256-byte S-box alone), 1 or 4.
#ifndef OC_SM4_TABLES
#define OC_SM4_TABLES (OC_PROFILE == 2 ? 4 : OC_PROFILE)
#endif

// 1: a table of 1 KiB for a round of AES each way; 0: the two 256-byte S-boxes.
#ifndef OC_AES_TABLES
#define OC_AES_TABLES (OC_PROFILE != 0)
#endif

// 1: SM4 and AES as logic on bit planes, without any look-up: time depends on sizes alone. Several
// times slower on a microcontroller; the two options above have no effect then.
#ifndef OC_BITSLICE
#define OC_BITSLICE 0
#endif

// Blocks of a cipher that a mode puts into one call.
#ifndef OC_BATCH
#define OC_BATCH (OC_PROFILE == 2 ? 64 : OC_BITSLICE ? 8 : 1)
#endif

#endif
