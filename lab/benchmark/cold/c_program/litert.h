/* The part of LiteRT's C interface (litert/c) that the program uses. The library is loaded at run time, as the native runtime loads it. */
#ifndef LITERT_H
#define LITERT_H

#include <stddef.h>
#include <stdint.h>

typedef int LiteRtStatus;
typedef void *LiteRtHandle;

enum {
    LITERT_OK = 0,
    LITERT_CPU = 1,
    LITERT_ANY_INT = 2,
    LITERT_FLOAT32 = 1,
    LITERT_LOCK_READ = 0,
    LITERT_LOCK_WRITE = 1,
    LITERT_OPTION_AUTO_REGISTER_ACCELERATORS = 24,
    LITERT_OPTION_MIN_LOGGER_SEVERITY = 25,
    LITERT_SEVERITY_ERROR = 2,
};

typedef struct {
    int type;
    int64_t value;
} LiteRtAnyInteger;

typedef struct {
    int tag;
    LiteRtAnyInteger value;
} LiteRtEnvOption;

typedef struct {
    unsigned int rank : 7;
    unsigned int has_strides : 1;
    int32_t dimensions[8];
    uint32_t strides[8];
} LiteRtLayout;

typedef struct {
    int element_type;
    LiteRtLayout layout;
} LiteRtRankedTensorType;

/* Name, and arguments. Every function returns a status. */
#define LITERT_FUNCTIONS(F) \
    F(LiteRtCreateEnvironment, (int, const LiteRtEnvOption *, LiteRtHandle *)) \
    F(LiteRtCreateModelFromFile, (LiteRtHandle, const char *, LiteRtHandle *)) \
    F(LiteRtCreateOptions, (LiteRtHandle *)) \
    F(LiteRtSetOptionsHardwareAccelerators, (LiteRtHandle, int)) \
    F(LiteRtCreateCompiledModel, (LiteRtHandle, LiteRtHandle, LiteRtHandle, LiteRtHandle *)) \
    F(LiteRtGetModelSignature, (LiteRtHandle, size_t, LiteRtHandle *)) \
    F(LiteRtGetNumSignatureInputs, (LiteRtHandle, size_t *)) \
    F(LiteRtGetNumSignatureOutputs, (LiteRtHandle, size_t *)) \
    F(LiteRtGetSignatureInputTensorByIndex, (LiteRtHandle, size_t, LiteRtHandle *)) \
    F(LiteRtGetSignatureOutputTensorByIndex, (LiteRtHandle, size_t, LiteRtHandle *)) \
    F(LiteRtGetRankedTensorType, (LiteRtHandle, LiteRtRankedTensorType *)) \
    F(LiteRtGetCompiledModelInputBufferRequirements, (LiteRtHandle, size_t, size_t, LiteRtHandle *)) \
    F(LiteRtGetCompiledModelOutputBufferRequirements, (LiteRtHandle, size_t, size_t, LiteRtHandle *)) \
    F(LiteRtCreateManagedTensorBufferFromRequirements, (LiteRtHandle, const LiteRtRankedTensorType *, LiteRtHandle, LiteRtHandle *)) \
    F(LiteRtGetTensorBufferPackedSize, (LiteRtHandle, size_t *)) \
    F(LiteRtLockTensorBuffer, (LiteRtHandle, void **, int)) \
    F(LiteRtUnlockTensorBuffer, (LiteRtHandle)) \
    F(LiteRtRunCompiledModel, (LiteRtHandle, size_t, size_t, const LiteRtHandle *, size_t, const LiteRtHandle *))

#endif
