#pragma once

/// BULKHEAD_VECTOR_CLONES before a function has it compiled several times, for x86-64 processors
/// with AVX-512, with AVX2 and without either; the loader picks once, by the processor it runs on.
/// Debian's baseline of 1999 is half to a third as fast in loops over pixels and scores.
///
/// Empty for other processors and compilers, and under sanitizers: the loader would run the choice
/// before their run time is there.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(BULKHEAD_SANITIZED)
#define BULKHEAD_VECTOR_CLONES [[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#else
#define BULKHEAD_VECTOR_CLONES
#endif
