/* A LiteRT model with one float32 input and one float32 output, both of static shape. */
#ifndef MODEL_H
#define MODEL_H

#include <stddef.h>

typedef struct {
    void *handle;
    size_t count;
} Tensor;

typedef struct {
    void *compiled;
    Tensor input;
    Tensor output;
} Model;

/* Loads libLiteRt.so, reads the .tflite file and compiles its first signature for the processor, with one thread. */
Model load_model(const char *library, const char *file);

/* Runs the model once: `input.count` numbers in, `output.count` numbers out. */
void run_model(const Model *model, const float *input, float *output);

#endif
