/* A Lambda function in C over libLiteRt.so, for models with one float32 input and one float32 output: how fast a start can be without any of
 * what the native runtime does besides. Variables: AWS_LAMBDA_RUNTIME_API, LITERT_LIBRARY, MODEL_FILE. */
#include <string.h>

#include "fail.h"
#include "model.h"
#include "runtime_api.h"

/* More than the longest float written with 9 digits, with its comma. */
enum { NUMBER_LENGTH = 24 };

/* Reads `{"data": …}`: exactly `count` numbers, in arrays of any shape, as doubles rounded to floats. */
static void read_event(const char *event, float *numbers, size_t count) {
    const char *at = strstr(event, "\"data\":");
    if (at == NULL) {
        fail("the event must be {\"data\": …}, got %.80s", event);
    }
    at += strlen("\"data\":");
    size_t found = 0;
    int depth = 0;
    do {
        at += strspn(at, ", \t\r\n");
        if (*at == '[' || *at == ']') {
            depth += *at++ == '[' ? 1 : -1;
            continue;
        }
        char *end;
        double number = strtod(at, &end);
        if (end == at) {
            fail("the event must have %zu numbers, got something else after %zu: %.20s", count, found, at);
        }
        if (found == count) {
            fail("the event must have %zu numbers, got more", count);
        }
        numbers[found++] = (float)number;
        at = end;
    } while (depth > 0);
    if (found != count) {
        fail("the event must have %zu numbers, got %zu", count, found);
    }
}

/* Writes `{"prediction": [[…]]}`. */
static void write_answer(char *answer, const float *numbers, size_t count) {
    char *at = answer + sprintf(answer, "{\"prediction\": [[");
    for (size_t index = 0; index < count; index++) {
        at += sprintf(at, "%s%.9g", index == 0 ? "" : ", ", (double)numbers[index]);
    }
    strcpy(at, "]]}");
}

int main(void) {
    Model model = load_model(variable("LITERT_LIBRARY"), variable("MODEL_FILE"));
    RuntimeApi api = connect_runtime_api(variable("AWS_LAMBDA_RUNTIME_API"));
    float *input = malloc(model.input.count * sizeof *input);
    float *output = malloc(model.output.count * sizeof *output);
    char *answer = malloc(NUMBER_LENGTH * (model.output.count + 1));
    if (input == NULL || output == NULL || answer == NULL) {
        fail("no memory for %zu inputs and %zu outputs", model.input.count, model.output.count);
    }
    for (;;) {
        Invocation invocation = next_invocation(&api);
        read_event(invocation.event, input, model.input.count);
        run_model(&model, input, output);
        write_answer(answer, output, model.output.count);
        post_response(&api, &invocation, answer);
    }
}
