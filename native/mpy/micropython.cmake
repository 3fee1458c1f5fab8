# The C core as the built-in module _occrypto, for cmake ports:
# -DUSER_C_MODULES=<project>/native/mpy/micropython.cmake
add_library(usermod_occrypto INTERFACE)
file(GLOB OC_CORE_SOURCES ${CMAKE_CURRENT_LIST_DIR}/../src/oc_*.c)
target_sources(usermod_occrypto INTERFACE ${CMAKE_CURRENT_LIST_DIR}/modoc.c ${OC_CORE_SOURCES})
target_include_directories(usermod_occrypto INTERFACE ${CMAKE_CURRENT_LIST_DIR}/../include)
target_compile_definitions(usermod_occrypto INTERFACE OC_PROFILE=1)
target_link_libraries(usermod INTERFACE usermod_occrypto)
