/* Lambda's Runtime API over one connection that stays open, as AWS's own clients keep theirs. */
#ifndef RUNTIME_API_H
#define RUNTIME_API_H

#include <stddef.h>

typedef struct {
    const char *address;
    int socket;
    /* Of the last response, its head included. */
    char *buffer;
    size_t capacity;
} RuntimeApi;

typedef struct {
    char request_id[128];
    /* Ends with a zero byte; belongs to the RuntimeApi until its next call. */
    char *event;
} Invocation;

/* Connects to HOST:PORT, where the host is an IPv4 address. */
RuntimeApi connect_runtime_api(const char *address);

Invocation next_invocation(RuntimeApi *api);

void post_response(RuntimeApi *api, const Invocation *invocation, const char *answer);

#endif
