/* A TCP proxy on 127.0.0.1 that holds every byte back for a while, as a long line would; for benchmarks/smtp.py.
 *
 *     cc -O2 -o delay_proxy delay_proxy.c && ./delay_proxy UPSTREAM_PORT DELAY_MS
 *
 * Prints the port it listens on. DELAY_MS is for one way, so a round trip takes twice as long. Bandwidth is not limited:
 * what arrives together leaves together. Ends with its standard input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAIRS = 256, CHUNK = 65536 };

struct chunk { /* bytes that were read together, or, with none, the end of a direction */
    struct chunk *next;
    int64_t due_ns;
    size_t length, sent;
    char bytes[];
};

struct way {
    int from, to; /* -1: this pair is free */
    int ended;    /* nothing more comes */
    struct chunk *first, **last;
};

static struct way ways[2 * PAIRS]; /* 2n: client to server, 2n + 1: server to client */
static int64_t delay_ns;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void prepare(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static struct sockaddr_in local(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void start(struct way *way, int from, int to) {
    *way = (struct way){.from = from, .to = to};
    way->last = &way->first;
}

static void join(int client, int upstream_port) {
    struct sockaddr_in address = local(upstream_port);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    int pair = 0;
    while (pair < PAIRS && ways[2 * pair].from >= 0) pair++;
    if (pair == PAIRS || connect(server, (struct sockaddr *)&address, sizeof address) < 0) {
        close(server);
        close(client);
        return;
    }
    prepare(client);
    prepare(server);
    start(&ways[2 * pair], client, server);
    start(&ways[2 * pair + 1], server, client);
}

static void drop(int pair) {
    close(ways[2 * pair].from);
    close(ways[2 * pair].to);
    for (int side = 0; side < 2; side++) {
        struct way *way = &ways[2 * pair + side];
        for (struct chunk *chunk = way->first, *next; chunk; chunk = next) {
            next = chunk->next;
            free(chunk);
        }
        way->from = -1;
    }
}

/* Read what is there; 0 when the pair is broken. */
static int take(struct way *way) {
    struct chunk *chunk = malloc(sizeof *chunk + CHUNK);
    if (!chunk) fail("malloc");
    ssize_t length = read(way->from, chunk->bytes, CHUNK);
    if (length < 0) {
        free(chunk);
        return errno == EAGAIN;
    }
    way->ended = length == 0;
    chunk->next = NULL;
    chunk->due_ns = now_ns() + delay_ns;
    chunk->length = length;
    chunk->sent = 0;
    *way->last = chunk;
    way->last = &chunk->next;
    return 1;
}

/* Write what is due; 0 when the pair is broken. */
static int give(struct way *way, int64_t now) {
    while (way->first && way->first->due_ns <= now) {
        struct chunk *chunk = way->first;
        if (chunk->length == 0) shutdown(way->to, SHUT_WR);
        while (chunk->sent < chunk->length) {
            ssize_t sent = send(way->to, chunk->bytes + chunk->sent, chunk->length - chunk->sent, MSG_NOSIGNAL);
            if (sent < 0) return errno == EAGAIN;
            chunk->sent += sent;
        }
        way->first = chunk->next;
        if (!way->first) way->last = &way->first;
        free(chunk);
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s UPSTREAM_PORT DELAY_MS\n", argv[0]);
        return 2;
    }
    int upstream_port = atoi(argv[1]);
    delay_ns = (int64_t)(atof(argv[2]) * 1e6);
    for (int i = 0; i < 2 * PAIRS; i++) ways[i].from = -1;
    struct sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, PAIRS) < 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    for (;;) {
        static struct pollfd polled[2 * PAIRS + 2];
        static struct way *of[2 * PAIRS + 2];
        int count = 0;
        int64_t soonest = INT64_MAX;
        polled[count++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        polled[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (int i = 0; i < 2 * PAIRS; i++) {
            if (ways[i].from < 0) continue;
            if (ways[i].first && ways[i].first->due_ns < soonest) soonest = ways[i].first->due_ns;
            if (ways[i].ended) continue;
            of[count] = &ways[i];
            polled[count++] = (struct pollfd){.fd = ways[i].from, .events = POLLIN};
        }
        int64_t wait = soonest == INT64_MAX ? INT64_C(3600000000000) : soonest - now_ns();
        if (wait < 100000) wait = 100000; /* no oftener, also where a peer does not read */
        struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        if (ppoll(polled, count, &timeout, NULL) < 0 && errno != EINTR) fail("poll");
        if (polled[0].revents) return 0;
        for (int i = 2; i < count; i++)
            if (polled[i].revents && of[i]->from >= 0 && !take(of[i])) drop((of[i] - ways) / 2);
        int64_t now = now_ns();
        for (int pair = 0; pair < PAIRS; pair++) {
            struct way *out = &ways[2 * pair], *back = out + 1;
            if (out->from < 0) continue;
            if (!give(out, now) || !give(back, now) || (out->ended && back->ended && !out->first && !back->first))
                drop(pair);
        }
        if (polled[1].revents) {
            int client = accept(listener, NULL, NULL);
            if (client >= 0) join(client, upstream_port);
        }
    }
}
