/*
 * Opens many readers of HTTP-FLV or RTMP in one thread and measures what arrives: cheap enough for a thousand on one core. Compiled by
 * `readers.ts` with the system's compiler; the same lines of JSON as that script prints.
 * Usage: readers N HOST PORT PATH http|rtmp SECONDS SETTLE_MS RATE. RATE: bytes a second that each reader takes, -1 = all, 0 = it stops at
 * its first frame.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 300, STREAMS = 8, HANDSHAKE = 1536, ACK = 2000000 };

/* The start of a message and what is left of it: an FLV tag, or a message of one RTMP chunk stream. */
struct message {
  unsigned char bytes[KEPT];
  uint32_t filled, length, left, extended;
  unsigned char type;
};

struct reader {
  int fd, joined, ended, paused;
  int64_t opened, last;
  double tokens;
  uint64_t received, acknowledged, bytes;
  uint32_t skip, chunk, chunkLeft, chunkSize, headerFilled;
  unsigned char header[24], s1[HANDSHAKE];
  int sized, line, current, chunked;
  char head[1024];
  struct message messages[STREAMS];
};

static struct reader *readers;
static int count, measuring, isRtmp;
static long frames, gaps, wrongGaps;
static uint64_t windowBytes;
static float *latencies, *joins;
static size_t latencyCount, latencyRoom, joinCount;
static double lagMax;
static const char *host, *path;
static int port;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static uint32_t big(const unsigned char *at, int size) {
  uint32_t value = 0;
  while (size-- > 0) value = value << 8 | *at++;
  return value;
}

static uint64_t hex(const unsigned char *at, int digits) {
  char text[17] = {0};
  memcpy(text, at, (size_t)digits);
  return strtoull(text, NULL, 16);
}

/* A whole video message came: `body` is its start. See stamp.ts. */
static void picture(struct reader *r, const unsigned char *body, uint32_t size) {
  static const char marker[] = "SHOALBENCHSTAMP0";
  const unsigned char *at = memmem(body, size, marker, 16);
  if (!at || at + 40 > body + size) return;
  int64_t time = now(), sequence = (int64_t)hex(at + 32, 8);
  if (!r->joined) {
    r->joined = 1;
    joins[joinCount++] = (float)((time - r->opened) / 1e6);
  } else if (sequence != r->last + 1) {
    gaps++;
    if (sequence <= r->last || body[0] >> 4 != 1) wrongGaps++;
  }
  r->last = sequence;
  if (!measuring) return;
  frames++;
  double lag = (double)(time - (int64_t)hex(at + 16, 16)) / 1e6;
  if (lag > lagMax) lagMax = lag;
  if (latencyCount == latencyRoom) latencies = realloc(latencies, (latencyRoom = latencyRoom * 2 + 65536) * sizeof *latencies);
  latencies[latencyCount++] = (float)lag;
}

static void keep(struct message *m, const unsigned char *from, uint32_t size) {
  uint32_t room = KEPT - m->filled, part = size < room ? size : room;
  memcpy(m->bytes + m->filled, from, part);
  m->filled += part;
}

static void readTags(struct reader *r, const unsigned char *at, uint32_t size) {
  struct message *m = &r->messages[0];
  if (measuring) windowBytes += size;
  while (size > 0) {
    uint32_t wanted = r->sized ? m->left : 11 - m->filled, part = size < wanted ? size : wanted;
    keep(m, at, part);
    at += part, size -= part;
    if (r->sized) m->left -= part;
    else if (m->filled >= 11) r->sized = 1, m->left = big(m->bytes + 1, 3) + 4;
    if (!r->sized || m->left > 0) continue;
    if (m->bytes[0] == 9) picture(r, m->bytes + 11, m->filled - 11);
    r->sized = 0, m->filled = 0;
  }
}

/* The end of the HTTP head, and whether a chunked body follows. */
static void endHead(struct reader *r) {
  r->head[r->headerFilled < sizeof r->head ? r->headerFilled : sizeof r->head - 1] = 0;
  if (strncmp(r->head, "HTTP/1.1 200 ", 13) != 0) fprintf(stderr, "the server answered: %s\n", r->head), exit(1);
  r->chunked = strcasestr(r->head, "transfer-encoding: chunked") != NULL;
  r->headerFilled = 0;
}

/* FLV behind an HTTP head, plain or in chunks (RFC 9112, 7.1). */
static void readFlv(struct reader *r, const unsigned char *at, uint32_t size) {
  for (; size > 0 && r->line < 4; at++, size--) {
    r->line = *at == "\r\n\r\n"[r->line] ? r->line + 1 : *at == '\r' ? 1 : 0;
    if (r->headerFilled < sizeof r->head) r->head[r->headerFilled++] = (char)*at;
    if (r->line == 4) endHead(r);
  }
  if (!r->chunked) {
    readTags(r, at, size);
    return;
  }
  while (size > 0) {
    if (r->chunkSize > 0) {
      uint32_t part = size < r->chunkSize ? size : r->chunkSize;
      readTags(r, at, part);
      at += part, size -= part, r->chunkSize -= part;
      continue;
    }
    if (*at != '\n' && r->headerFilled < 16) r->head[r->headerFilled++] = (char)*at;
    if (*at == '\n') {
      r->head[r->headerFilled] = 0, r->headerFilled = 0;
      /* the empty line after a chunk has no digits */
      r->chunkSize = (uint32_t)strtoul(r->head, NULL, 16);
    }
    at++, size--;
  }
}

static void writeAll(struct reader *r, const void *bytes, size_t size) {
  if (send(r->fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size) r->ended = 1;
}

static void sendMessage(struct reader *r, int chunkStream, int type, int stream, const unsigned char *body, uint32_t size) {
  unsigned char out[512] = {(unsigned char)chunkStream, 0, 0, 0, 0, (unsigned char)(size >> 8), (unsigned char)size, (unsigned char)type, (unsigned char)stream};
  memcpy(out + 12, body, size);
  writeAll(r, out, size + 12);
}

static unsigned char *amfText(unsigned char *at, const char *text, int typed) {
  size_t size = strlen(text);
  if (typed) *at++ = 2;
  *at++ = (unsigned char)(size >> 8), *at++ = (unsigned char)size;
  memcpy(at, text, size);
  return at + size;
}

static unsigned char *amfNumber(unsigned char *at, int value) {
  static const unsigned char heads[5][2] = {{0, 0}, {0x3f, 0xf0}, {0x40, 0}, {0x40, 8}, {0x40, 0x10}};
  *at++ = 0;
  memset(at, 0, 8);
  memcpy(at, heads[value], 2);
  return at + 8;
}

/* All commands at once: servers take them in order. */
static void play(struct reader *r) {
  unsigned char body[256], *at;
  char application[64], url[128];
  const char *name = strchr(path, '/') + 1;
  snprintf(application, sizeof application, "%.*s", (int)(name - path - 1), path);
  snprintf(url, sizeof url, "rtmp://%s:%d/%s", host, port, application);
  at = amfNumber(amfText(body, "connect", 1), 1);
  *at++ = 3;
  at = amfText(amfText(at, "app", 0), application, 1);
  at = amfText(amfText(at, "tcUrl", 0), url, 1);
  *at++ = 0, *at++ = 0, *at++ = 9;
  sendMessage(r, 3, 20, 0, body, (uint32_t)(at - body));
  at = amfNumber(amfText(body, "createStream", 1), 2);
  *at++ = 5;
  sendMessage(r, 3, 20, 0, body, (uint32_t)(at - body));
  at = amfNumber(amfText(body, "play", 1), 3);
  *at++ = 5;
  at = amfText(at, name, 1);
  sendMessage(r, 3, 20, 1, body, (uint32_t)(at - body));
}

static void rtmpMessage(struct reader *r, struct message *m) {
  if (m->type == 9) picture(r, m->bytes, m->filled);
  else if (m->type == 1) r->chunk = big(m->bytes, 4);
  else if (m->type == 4 && big(m->bytes, 2) == 6) {
    m->bytes[1] = 7;
    sendMessage(r, 2, 4, 0, m->bytes, 6);
  }
}

/* Reads a chunk's header into its message; 0 when bytes are missing. */
static int rtmpHeader(struct reader *r) {
  const unsigned char *h = r->header;
  static const uint32_t sizes[4] = {11, 7, 3, 0};
  if (r->headerFilled < 1) return 0;
  uint32_t format = h[0] >> 6, id = h[0] & 63, size = 1 + sizes[format];
  if (id < 2 || id >= STREAMS + 2) fprintf(stderr, "chunk stream %u is not understood\n", id), exit(1);
  struct message *m = &r->messages[id - 2];
  if (r->headerFilled < size) return 0;
  if (format < 3) m->extended = big(h + 1, 3) == 0xffffff;
  if (m->extended) size += 4;
  if (r->headerFilled < size) return 0;
  if (format < 2) m->length = big(h + 4, 3), m->type = h[7];
  if (m->left == 0) m->left = m->length, m->filled = 0;
  r->current = (int)id - 2;
  r->chunkLeft = m->left < r->chunk ? m->left : r->chunk;
  r->headerFilled = 0;
  return 1;
}

static void readRtmp(struct reader *r, const unsigned char *at, uint32_t size) {
  for (; size > 0 && r->skip > 0; at++, size--) {
    uint32_t place = 1 + 2 * HANDSHAKE - r->skip--;
    if (place >= 1 && place <= HANDSHAKE) r->s1[place - 1] = *at;
    if (r->skip > 0) continue;
    writeAll(r, r->s1, HANDSHAKE);
    play(r);
  }
  if (measuring) windowBytes += size;
  while (size > 0) {
    if (r->current < 0) {
      r->header[r->headerFilled++] = *at++, size--;
      if (!rtmpHeader(r)) continue;
    }
    struct message *m = &r->messages[r->current];
    uint32_t part = size < r->chunkLeft ? size : r->chunkLeft;
    keep(m, at, part);
    at += part, size -= part, r->chunkLeft -= part, m->left -= part;
    if (r->chunkLeft > 0) continue;
    r->current = -1;
    if (m->left == 0) rtmpMessage(r, m);
  }
}

static void openReader(struct reader *r, int epoll) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  memset(r, 0, sizeof *r);
  r->fd = socket(AF_INET, SOCK_STREAM, 0);
  r->opened = now(), r->chunk = 128, r->current = -1, r->sized = 1;
  r->messages[0].left = isRtmp ? 0 : 13;
  if (connect(r->fd, (struct sockaddr *)&to, sizeof to) < 0) perror("connect"), exit(1);
  setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (isRtmp) {
    unsigned char hello[1 + HANDSHAKE] = {3};
    r->skip = 1 + 2 * HANDSHAKE;
    writeAll(r, hello, sizeof hello);
  } else {
    char head[512];
    int size = snprintf(head, sizeof head, "GET /%s HTTP/1.1\r\nHost: %s:%d\r\n\r\n", path, host, port);
    writeAll(r, head, (size_t)size);
  }
  fcntl(r->fd, F_SETFL, O_NONBLOCK);
  epoll_ctl(epoll, EPOLL_CTL_ADD, r->fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = r});
}

/* Takes at most `limit` bytes. */
static void receive(struct reader *r, size_t limit, int epoll) {
  static unsigned char buffer[262144];
  ssize_t size = recv(r->fd, buffer, limit < sizeof buffer ? limit : sizeof buffer, 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    r->ended = 1;
    epoll_ctl(epoll, EPOLL_CTL_DEL, r->fd, NULL);
    return;
  }
  r->received += (uint64_t)size, r->tokens -= (double)size;
  (isRtmp ? readRtmp : readFlv)(r, buffer, (uint32_t)size);
  if (isRtmp && r->received - r->acknowledged > ACK) {
    unsigned char body[4] = {(unsigned char)(r->received >> 24), (unsigned char)(r->received >> 16), (unsigned char)(r->received >> 8), (unsigned char)r->received};
    r->acknowledged = r->received;
    sendMessage(r, 2, 3, 0, body, 4);
  }
}

/* Serves all readers until `end`, or until every one has a frame where `joining`. */
static void serve(int epoll, int opened, int64_t end, int joining, double rate) {
  struct epoll_event events[256];
  int64_t last = now();
  for (int64_t time = last; time < end && !(joining && (int)joinCount == count); time = now()) {
    int wait = (int)((end - time) / 1000000), n;
    n = epoll_wait(epoll, events, 256, rate < 0 ? wait : wait < 10 ? wait : 10);
    for (int i = 0; i < n; i++) {
      struct reader *r = events[i].data.ptr;
      receive(r, rate < 0 || !r->joined ? SIZE_MAX : 4096, epoll);
      if (rate < 0 || !r->joined || r->paused) continue;
      /* one that reads slowly is asked by the clock, not by the kernel */
      r->paused = 1, r->tokens = 0;
      epoll_ctl(epoll, EPOLL_CTL_DEL, r->fd, NULL);
    }
    if (rate <= 0) continue;
    double step = (double)(now() - last) / 1e9;
    last = now();
    for (struct reader *r = readers; r < readers + opened; r++) {
      if (!r->paused || r->ended) continue;
      r->tokens += rate * step;
      if (r->tokens > rate / 10) r->tokens = rate / 10;
      if (r->tokens >= 1) receive(r, (size_t)r->tokens, epoll);
    }
  }
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static void quantiles(const char *name, float *values, size_t size, int p99) {
  static float none;
  if (size == 0) size = 1, values = &none;
  qsort(values, size, sizeof *values, ascending);
  printf(",\"%s50\":%.3f,\"%s95\":%.3f", name, values[size / 2], name, values[size * 95 / 100]);
  if (p99) printf(",\"%s99\":%.3f", name, values[size * 99 / 100]);
}

int main(int argc, char **argv) {
  if (argc != 9) return fprintf(stderr, "usage: readers N HOST PORT PATH http|rtmp SECONDS SETTLE_MS RATE\n"), 2;
  count = atoi(argv[1]), host = argv[2], port = atoi(argv[3]), path = argv[4], isRtmp = strcmp(argv[5], "rtmp") == 0;
  double seconds = atof(argv[6]), rate = atof(argv[8]);
  int64_t settle = (int64_t)(atof(argv[7]) * 1e6);
  int epoll = epoll_create1(0), ready = 0, ended = 0;
  readers = calloc((size_t)count, sizeof *readers), joins = calloc((size_t)count, sizeof *joins);
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0; i < count; i++) {
    openReader(&readers[i], epoll);
    serve(epoll, i + 1, now() + 5000000, 0, rate);
  }
  serve(epoll, count, now() + 20000000000LL, 1, rate);
  for (int i = 0; i < count; i++) ready += readers[i].joined;
  printf("{\"event\":\"ready\",\"ready\":%d}\n", ready);
  serve(epoll, count, now() + settle, 0, rate);
  measuring = 1;
  printf("{\"event\":\"start\"}\n");
  serve(epoll, count, now() + (int64_t)(seconds * 1e9), 0, rate);
  measuring = 0;
  for (int i = 0; i < count; i++) ended += readers[i].ended;
  printf("{\"event\":\"end\",\"readers\":%d,\"ended\":%d,\"frames\":%ld,\"gaps\":%ld,\"wrongGaps\":%ld,\"gigabits\":%.6f,\"lagMax\":%.1f", count, ended, frames,
         gaps, wrongGaps, (double)windowBytes * 8 / 1e9, lagMax);
  quantiles("p", latencies, latencyCount, 1);
  quantiles("joinP", joins, joinCount, 0);
  printf("}\n");
  return 0;
}
