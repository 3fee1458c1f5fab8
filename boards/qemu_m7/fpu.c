// The port's start-up leaves the FPU off, and the first instruction for it would be a fault:
// it is switched on before the first call that start-up makes (the linker's --wrap).
#include <stdint.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88)

void __real_mp_semihosting_init(void);
void __wrap_mp_semihosting_init(void);

void __wrap_mp_semihosting_init(void) {
    CPACR |= 0xFu << 20; // full access to CP10 and CP11
    __asm volatile("dsb\n isb");
    __real_mp_semihosting_init();
}
