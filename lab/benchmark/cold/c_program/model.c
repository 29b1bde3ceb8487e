#include "model.h"

#include <dlfcn.h>
#include <string.h>

#include "fail.h"
#include "litert.h"

#define DECLARE(name, arguments) static LiteRtStatus(*name) arguments;
LITERT_FUNCTIONS(DECLARE)

#define CHECK(function, ...) check(#function, function(__VA_ARGS__))

static void check(const char *function, LiteRtStatus status) {
    if (status != LITERT_OK) {
        fail("%s failed with status %d", function, status);
    }
}

static void *symbol(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) {
        fail("the library has no function %s", name);
    }
    return found;
}

static void load_library(const char *path) {
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        fail("%s", dlerror());
    }
#define RESOLVE(name, arguments) name = (LiteRtStatus(*) arguments)symbol(library, #name);
    LITERT_FUNCTIONS(RESOLVE)
}

static LiteRtHandle create_environment(void) {
    /* Without the first, LiteRT looks for libraries of GPUs and NPUs at every start. */
    const LiteRtEnvOption options[] = {
        {LITERT_OPTION_AUTO_REGISTER_ACCELERATORS, {LITERT_ANY_INT, LITERT_CPU}},
        {LITERT_OPTION_MIN_LOGGER_SEVERITY, {LITERT_ANY_INT, LITERT_SEVERITY_ERROR}},
    };
    LiteRtHandle environment;
    CHECK(LiteRtCreateEnvironment, sizeof options / sizeof *options, options, &environment);
    return environment;
}

/* Makes the memory of a tensor, whose type must be the one that the program can handle. */
static Tensor create_tensor(LiteRtHandle environment, LiteRtHandle tensor, LiteRtHandle requirements) {
    LiteRtRankedTensorType type;
    CHECK(LiteRtGetRankedTensorType, tensor, &type);
    if (type.element_type != LITERT_FLOAT32) {
        fail("a tensor has element type %d, the program can handle float32 only", type.element_type);
    }
    Tensor made = {NULL, 1};
    for (unsigned int axis = 0; axis < type.layout.rank; axis++) {
        int32_t size = type.layout.dimensions[axis];
        if (size < 1) {
            fail("a tensor has size %d at axis %u, the program can handle static shapes only", size, axis);
        }
        made.count *= (size_t)size;
    }
    CHECK(LiteRtCreateManagedTensorBufferFromRequirements, environment, &type, requirements, &made.handle);
    size_t bytes;
    CHECK(LiteRtGetTensorBufferPackedSize, made.handle, &bytes);
    if (bytes != made.count * sizeof(float)) {
        fail("a tensor of %zu numbers has %zu bytes", made.count, bytes);
    }
    return made;
}

Model load_model(const char *library, const char *file) {
    load_library(library);
    LiteRtHandle environment = create_environment();
    LiteRtHandle model, options, signature, tensor, requirements;
    CHECK(LiteRtCreateModelFromFile, environment, file, &model);
    CHECK(LiteRtCreateOptions, &options);
    CHECK(LiteRtSetOptionsHardwareAccelerators, options, LITERT_CPU);
    Model loaded;
    CHECK(LiteRtCreateCompiledModel, environment, model, options, &loaded.compiled);
    CHECK(LiteRtGetModelSignature, model, 0, &signature);
    size_t inputs, outputs;
    CHECK(LiteRtGetNumSignatureInputs, signature, &inputs);
    CHECK(LiteRtGetNumSignatureOutputs, signature, &outputs);
    if (inputs != 1 || outputs != 1) {
        fail("the model has %zu inputs and %zu outputs, the program can handle one of each", inputs, outputs);
    }
    CHECK(LiteRtGetSignatureInputTensorByIndex, signature, 0, &tensor);
    CHECK(LiteRtGetCompiledModelInputBufferRequirements, loaded.compiled, 0, 0, &requirements);
    loaded.input = create_tensor(environment, tensor, requirements);
    CHECK(LiteRtGetSignatureOutputTensorByIndex, signature, 0, &tensor);
    CHECK(LiteRtGetCompiledModelOutputBufferRequirements, loaded.compiled, 0, 0, &requirements);
    loaded.output = create_tensor(environment, tensor, requirements);
    return loaded;
}

void run_model(const Model *model, const float *input, float *output) {
    void *memory;
    CHECK(LiteRtLockTensorBuffer, model->input.handle, &memory, LITERT_LOCK_WRITE);
    memcpy(memory, input, model->input.count * sizeof *input);
    CHECK(LiteRtUnlockTensorBuffer, model->input.handle);
    CHECK(LiteRtRunCompiledModel, model->compiled, 0, 1, &model->input.handle, 1, &model->output.handle);
    CHECK(LiteRtLockTensorBuffer, model->output.handle, &memory, LITERT_LOCK_READ);
    memcpy(output, memory, model->output.count * sizeof *output);
    CHECK(LiteRtUnlockTensorBuffer, model->output.handle);
}
