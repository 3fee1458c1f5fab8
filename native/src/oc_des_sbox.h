// S-boxes and permutation P of DES (FIPS 46-3). OC_DES_Sn applies F to the 64 values of S-box n in
// the order of its six input bits read as a number (the standard's rows 0 and 1 interleaved, then
// 2 and 3). OC_DES_Pn moves the four output bits of S-box n where P, and one rotation to the left,
// put them.
#ifndef OC_DES_SBOX_H
#define OC_DES_SBOX_H

#define OC_DES_S1(F) \
    F(14u) F(0u) F(4u) F(15u) F(13u) F(7u) F(1u) F(4u) \
    F(2u) F(14u) F(15u) F(2u) F(11u) F(13u) F(8u) F(1u) \
    F(3u) F(10u) F(10u) F(6u) F(6u) F(12u) F(12u) F(11u) \
    F(5u) F(9u) F(9u) F(5u) F(0u) F(3u) F(7u) F(8u) \
    F(4u) F(15u) F(1u) F(12u) F(14u) F(8u) F(8u) F(2u) \
    F(13u) F(4u) F(6u) F(9u) F(2u) F(1u) F(11u) F(7u) \
    F(15u) F(5u) F(12u) F(11u) F(9u) F(3u) F(7u) F(14u) \
    F(3u) F(10u) F(10u) F(0u) F(5u) F(6u) F(0u) F(13u)
#define OC_DES_S2(F) \
    F(15u) F(3u) F(1u) F(13u) F(8u) F(4u) F(14u) F(7u) \
    F(6u) F(15u) F(11u) F(2u) F(3u) F(8u) F(4u) F(14u) \
    F(9u) F(12u) F(7u) F(0u) F(2u) F(1u) F(13u) F(10u) \
    F(12u) F(6u) F(0u) F(9u) F(5u) F(11u) F(10u) F(5u) \
    F(0u) F(13u) F(14u) F(8u) F(7u) F(10u) F(11u) F(1u) \
    F(10u) F(3u) F(4u) F(15u) F(13u) F(4u) F(1u) F(2u) \
    F(5u) F(11u) F(8u) F(6u) F(12u) F(7u) F(6u) F(12u) \
    F(9u) F(0u) F(3u) F(5u) F(2u) F(14u) F(15u) F(9u)
#define OC_DES_S3(F) \
    F(10u) F(13u) F(0u) F(7u) F(9u) F(0u) F(14u) F(9u) \
    F(6u) F(3u) F(3u) F(4u) F(15u) F(6u) F(5u) F(10u) \
    F(1u) F(2u) F(13u) F(8u) F(12u) F(5u) F(7u) F(14u) \
    F(11u) F(12u) F(4u) F(11u) F(2u) F(15u) F(8u) F(1u) \
    F(13u) F(1u) F(6u) F(10u) F(4u) F(13u) F(9u) F(0u) \
    F(8u) F(6u) F(15u) F(9u) F(3u) F(8u) F(0u) F(7u) \
    F(11u) F(4u) F(1u) F(15u) F(2u) F(14u) F(12u) F(3u) \
    F(5u) F(11u) F(10u) F(5u) F(14u) F(2u) F(7u) F(12u)
#define OC_DES_S4(F) \
    F(7u) F(13u) F(13u) F(8u) F(14u) F(11u) F(3u) F(5u) \
    F(0u) F(6u) F(6u) F(15u) F(9u) F(0u) F(10u) F(3u) \
    F(1u) F(4u) F(2u) F(7u) F(8u) F(2u) F(5u) F(12u) \
    F(11u) F(1u) F(12u) F(10u) F(4u) F(14u) F(15u) F(9u) \
    F(10u) F(3u) F(6u) F(15u) F(9u) F(0u) F(0u) F(6u) \
    F(12u) F(10u) F(11u) F(1u) F(7u) F(13u) F(13u) F(8u) \
    F(15u) F(9u) F(1u) F(4u) F(3u) F(5u) F(14u) F(11u) \
    F(5u) F(12u) F(2u) F(7u) F(8u) F(2u) F(4u) F(14u)
#define OC_DES_S5(F) \
    F(2u) F(14u) F(12u) F(11u) F(4u) F(2u) F(1u) F(12u) \
    F(7u) F(4u) F(10u) F(7u) F(11u) F(13u) F(6u) F(1u) \
    F(8u) F(5u) F(5u) F(0u) F(3u) F(15u) F(15u) F(10u) \
    F(13u) F(3u) F(0u) F(9u) F(14u) F(8u) F(9u) F(6u) \
    F(4u) F(11u) F(2u) F(8u) F(1u) F(12u) F(11u) F(7u) \
    F(10u) F(1u) F(13u) F(14u) F(7u) F(2u) F(8u) F(13u) \
    F(15u) F(6u) F(9u) F(15u) F(12u) F(0u) F(5u) F(9u) \
    F(6u) F(10u) F(3u) F(4u) F(0u) F(5u) F(14u) F(3u)
#define OC_DES_S6(F) \
    F(12u) F(10u) F(1u) F(15u) F(10u) F(4u) F(15u) F(2u) \
    F(9u) F(7u) F(2u) F(12u) F(6u) F(9u) F(8u) F(5u) \
    F(0u) F(6u) F(13u) F(1u) F(3u) F(13u) F(4u) F(14u) \
    F(14u) F(0u) F(7u) F(11u) F(5u) F(3u) F(11u) F(8u) \
    F(9u) F(4u) F(14u) F(3u) F(15u) F(2u) F(5u) F(12u) \
    F(2u) F(9u) F(8u) F(5u) F(12u) F(15u) F(3u) F(10u) \
    F(7u) F(11u) F(0u) F(14u) F(4u) F(1u) F(10u) F(7u) \
    F(1u) F(6u) F(13u) F(0u) F(11u) F(8u) F(6u) F(13u)
#define OC_DES_S7(F) \
    F(4u) F(13u) F(11u) F(0u) F(2u) F(11u) F(14u) F(7u) \
    F(15u) F(4u) F(0u) F(9u) F(8u) F(1u) F(13u) F(10u) \
    F(3u) F(14u) F(12u) F(3u) F(9u) F(5u) F(7u) F(12u) \
    F(5u) F(2u) F(10u) F(15u) F(6u) F(8u) F(1u) F(6u) \
    F(1u) F(6u) F(4u) F(11u) F(11u) F(13u) F(13u) F(8u) \
    F(12u) F(1u) F(3u) F(4u) F(7u) F(10u) F(14u) F(7u) \
    F(10u) F(9u) F(15u) F(5u) F(6u) F(0u) F(8u) F(15u) \
    F(0u) F(14u) F(5u) F(2u) F(9u) F(3u) F(2u) F(12u)
#define OC_DES_S8(F) \
    F(13u) F(1u) F(2u) F(15u) F(8u) F(13u) F(4u) F(8u) \
    F(6u) F(10u) F(15u) F(3u) F(11u) F(7u) F(1u) F(4u) \
    F(10u) F(12u) F(9u) F(5u) F(3u) F(6u) F(14u) F(11u) \
    F(5u) F(0u) F(0u) F(14u) F(12u) F(9u) F(7u) F(2u) \
    F(7u) F(2u) F(11u) F(1u) F(4u) F(14u) F(1u) F(7u) \
    F(9u) F(4u) F(12u) F(10u) F(14u) F(8u) F(2u) F(13u) \
    F(0u) F(15u) F(6u) F(12u) F(10u) F(9u) F(13u) F(0u) \
    F(15u) F(3u) F(3u) F(5u) F(5u) F(6u) F(8u) F(11u)

#define OC_DES_SPREAD(s, bit3, bit2, bit1, bit0)                     \
    (((s) >> 3 & 1u) << (bit3) | ((s) >> 2 & 1u) << (bit2) |         \
     ((s) >> 1 & 1u) << (bit1) | ((s) & 1u) << (bit0)),
#define OC_DES_P1(s) OC_DES_SPREAD(s, 24, 16, 10, 2)
#define OC_DES_P2(s) OC_DES_SPREAD(s, 20, 5, 31, 15)
#define OC_DES_P3(s) OC_DES_SPREAD(s, 9, 17, 3, 27)
#define OC_DES_P4(s) OC_DES_SPREAD(s, 7, 13, 23, 0)
#define OC_DES_P5(s) OC_DES_SPREAD(s, 25, 19, 8, 30)
#define OC_DES_P6(s) OC_DES_SPREAD(s, 29, 4, 22, 14)
#define OC_DES_P7(s) OC_DES_SPREAD(s, 1, 21, 11, 26)
#define OC_DES_P8(s) OC_DES_SPREAD(s, 28, 6, 18, 12)

#endif
