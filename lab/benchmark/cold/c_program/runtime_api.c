#define _GNU_SOURCE
#include "runtime_api.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"

#define PREFIX "/2018-06-01/runtime/invocation/"

RuntimeApi connect_runtime_api(const char *address) {
    char host[INET_ADDRSTRLEN];
    int port, end = 0;
    struct sockaddr_in peer = {.sin_family = AF_INET};
    if (sscanf(address, "%15[0-9.]:%d%n", host, &port, &end) != 2 || address[end] != '\0' || port < 1 || port > 65535
        || inet_pton(AF_INET, host, &peer.sin_addr) != 1) {
        fail("AWS_LAMBDA_RUNTIME_API must be an IPv4 address and a port, got %s", address);
    }
    peer.sin_port = htons((uint16_t)port);
    RuntimeApi api = {.address = address, .socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .capacity = 1 << 16};
    const int on = 1;
    if (api.socket < 0 || setsockopt(api.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0
        || connect(api.socket, (struct sockaddr *)&peer, sizeof peer) != 0) {
        fail("cannot connect to %s: %s", address, strerror(errno));
    }
    api.buffer = malloc(api.capacity);
    if (api.buffer == NULL) {
        fail("no memory for a response");
    }
    return api;
}

static void send_all(const RuntimeApi *api, const char *text, size_t length) {
    while (length > 0) {
        ssize_t sent = send(api->socket, text, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            fail("cannot send to the Runtime API: %s", strerror(errno));
        }
        text += sent;
        length -= (size_t)sent;
    }
}

/* Appends what has arrived to the `length` bytes in the buffer, ends it with a zero byte, and returns the new length. */
static size_t receive(RuntimeApi *api, size_t length) {
    if (length + 1 >= api->capacity) {
        api->capacity *= 2;
        api->buffer = realloc(api->buffer, api->capacity);
        if (api->buffer == NULL) {
            fail("no memory for a response of more than %zu bytes", length);
        }
    }
    ssize_t received;
    do {
        received = recv(api->socket, api->buffer + length, api->capacity - length - 1, 0);
    } while (received < 0 && errno == EINTR);
    if (received <= 0) {
        fail("the Runtime API ended the connection: %s", received < 0 ? strerror(errno) : "no more data");
    }
    length += (size_t)received;
    api->buffer[length] = '\0';
    return length;
}

/* Returns the value of a header, which ends at the end of its line. */
static const char *header(const char *head, const char *name) {
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, strlen(name)) == 0 && line[2 + strlen(name)] == ':') {
            const char *value = line + 3 + strlen(name);
            return value + strspn(value, " \t");
        }
    }
    fail("the Runtime API's response has no header %s", name);
}

/* Reads one response into the buffer and returns its body. The head ends with a zero byte. */
static char *read_response(RuntimeApi *api) {
    size_t length = 0;
    char *end;
    api->buffer[0] = '\0';
    while ((end = strstr(api->buffer, "\r\n\r\n")) == NULL) {
        length = receive(api, length);
    }
    *end = '\0';
    size_t head = (size_t)(end + 4 - api->buffer);
    int status = 0;
    if (sscanf(api->buffer, "HTTP/1.1 %d", &status) != 1 || status < 200 || status > 299) {
        fail("the Runtime API answered with status %d", status);
    }
    unsigned long long body = strtoull(header(api->buffer, "Content-Length"), NULL, 10);
    while (length < head + body) {
        length = receive(api, length);
    }
    return api->buffer + head;
}

Invocation next_invocation(RuntimeApi *api) {
    char request[256];
    int length = snprintf(request, sizeof request, "GET " PREFIX "next HTTP/1.1\r\nHost: %s\r\n\r\n", api->address);
    if (length < 0 || (size_t)length >= sizeof request) {
        fail("the address %s is too long", api->address);
    }
    send_all(api, request, (size_t)length);
    Invocation invocation = {.event = read_response(api)};
    if (sscanf(header(api->buffer, "Lambda-Runtime-Aws-Request-Id"), "%127s", invocation.request_id) != 1) {
        fail("the Runtime API's response has an empty request id");
    }
    return invocation;
}

void post_response(RuntimeApi *api, const Invocation *invocation, const char *answer) {
    char *request;
    int length = asprintf(&request, "POST " PREFIX "%s/response HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n%s",
                          invocation->request_id, api->address, strlen(answer), answer);
    if (length < 0) {
        fail("no memory for a response");
    }
    send_all(api, request, (size_t)length);
    free(request);
    read_response(api);
}
