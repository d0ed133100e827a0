// SPDX-License-Identifier: Apache-2.0
#include "broker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "limpet/front.h"
#include "limpet/front_pass.h"
#include "limpet/host.h"

#ifndef LP_LIBDIR
#define LP_LIBDIR "/usr/lib"
#endif

enum { START_MS = 5000, STOP_MS = 4000, STEP_MS = 10 };

static void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

static bool executable(const char *path)
{
    return access(path, X_OK) == 0;
}

// In the PATH, or where Debian keeps it for root.
static bool find_program(char out[PLACE_PATH])
{
    const char *path = getenv("PATH");
    const char *p = path != NULL ? path : "";
    while (*p != '\0') {
        size_t len = strcspn(p, ":");
        snprintf(out, PLACE_PATH, "%.*s/mosquitto", (int)len, p);
        if (len > 0 && executable(out)) {
            return true;
        }
        p += len + (p[len] == ':');
    }
    snprintf(out, PLACE_PATH, "/usr/sbin/mosquitto");
    return executable(out);
}

static bool find_plugin(char out[PLACE_PATH])
{
    static const char *const places[] = {"", "../", "../lib/limpet/"};
    const char *given = getenv("LIMPET_PLUGIN");
    char self[PLACE_SIZE] = "";
    if (given != NULL && given[0] != '\0') {
        snprintf(out, PLACE_PATH, "%s", given);
        return access(out, R_OK) == 0;
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = n > 0 ? strrchr(self, '/') : NULL;
    if (slash != NULL) {
        slash[1] = '\0';
    }
    for (size_t i = 0; slash != NULL && i < sizeof places / sizeof places[0]; i++) {
        snprintf(out, PLACE_PATH, "%s%sliblimpet_mosquitto.so", self, places[i]);
        if (access(out, R_OK) == 0) {
            return true;
        }
    }
    snprintf(out, PLACE_PATH, LP_LIBDIR "/limpet/liblimpet_mosquitto.so");
    return access(out, R_OK) == 0;
}

bool broker_find(broker_files_t *files, char *why, size_t size)
{
    if (!find_program(files->program)) {
        snprintf(why, size, "the broker mosquitto is not installed");
        return false;
    }
    if (!find_plugin(files->plugin)) {
        snprintf(why, size, "the broker's plugin is not at %s", files->plugin);
        return false;
    }
    return true;
}

// mosquitto gives root's rights away unless told who it is; the registry belongs to who runs us.
static const char *user_name(void)
{
    const struct passwd *pw = getpwuid(geteuid());
    return pw != NULL ? pw->pw_name : "nobody";
}

bool broker_configure(const cloud_place_t *place, const cloud_info_t *info,
                      const broker_files_t *files, char *why, size_t size)
{
    char path[PLACE_PATH];
    char *text = NULL;
    const char *dir = place->folder;
    cloud_path(place, "broker", path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        return false;
    }
    cloud_path(place, "front.key", path);
    if (!lp_pass_key_make(path)) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        return false;
    }
    int n = asprintf(&text,
                     "# Made by `limpet cloud up`, anew at each start.\n"
                     "user %s\n"
                     "allow_anonymous false\n"
                     "plugin %s\n"
                     "plugin_opt_database %s/registry.db\n"
                     "plugin_opt_folder %s\n"
                     "plugin_opt_account %s\n"
                     "plugin_opt_region %s\n"
                     "plugin_opt_front_key %s/front.key\n"
                     "persistence true\n"
                     "persistence_location %s/broker/\n"
                     "persistent_client_expiration 1h\n"
                     "max_inflight_messages 100\n"
                     "message_size_limit 131072\n"
                     "max_packet_size 149504\n"
                     "log_dest stderr\n"
                     "log_type error\nlog_type warning\nlog_type notice\nlog_type information\n"
                     "# In the broker's folder; only the front connects to it.\n"
                     "listener 0 broker.sock\n"
                     "max_qos 1\n"
                     "max_topic_alias 8\n",
                     user_name(), files->plugin, dir, dir, info->account, info->region, dir, dir);
    cloud_path(place, "mosquitto.conf", path);
    bool ok = n > 0 && cloud_write_file(path, text, 0600, why, size);
    free(n > 0 ? text : NULL);
    return ok;
}

static int tcp_socket(struct sockaddr_in *addr, int port)
{
    *addr = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

bool broker_listens(int port)
{
    struct sockaddr_in addr;
    int fd = tcp_socket(&addr, port);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

int broker_free_port(int port)
{
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    int one = 1;
    int fd = tcp_socket(&addr, port);
    if (fd < 0) {
        return 0;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool ok = bind(fd, (struct sockaddr *)&addr, len) == 0 &&
              getsockname(fd, (struct sockaddr *)&addr, &len) == 0;
    int kept = errno;
    close(fd);
    errno = kept;
    return ok ? ntohs(addr.sin_port) : 0;
}

// In the child: the broker ends when we do, however we end.
// Its socket is named relative to the folder, since a socket's path has little room.
static void become_broker(const broker_files_t *files, const cloud_place_t *place, const char *conf,
                          const char *log, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) { // it ended before we asked to be told
        _exit(127);
    }
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    int null = open("/dev/null", O_RDONLY);
    if (fd >= 0 && null >= 0 && chdir(place->folder) == 0) {
        dup2(null, STDIN_FILENO);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execl(files->program, "mosquitto", "-c", conf, (char *)NULL);
    }
    _exit(127);
}

static void last_line(const char *path, char *out, size_t size)
{
    char line[WHY_SIZE];
    FILE *f = fopen(path, "re");
    snprintf(out, size, "it says nothing");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *words = strstr(line, ": ");
        snprintf(out, size, "%s", words != NULL ? words + 2 : line);
    }
    if (f != NULL) {
        fclose(f);
    }
}

static bool gone(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == pid;
}

static bool socket_answers(const cloud_place_t *place)
{
    int fd = lp_front_broker_connect(place->folder);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

bool broker_answers(const cloud_place_t *place, const cloud_info_t *info)
{
    return info->is_brokerless || (broker_listens(info->port_mqtt) && socket_answers(place));
}

// A child that serves a thousand devices needs as many descriptors, and inherits the limit.
pid_t broker_start(const cloud_place_t *place, const broker_files_t *files, char *why, size_t size)
{
    char conf[PLACE_PATH];
    char log[PLACE_PATH];
    char socket[PLACE_PATH];
    cloud_path(place, "broker.sock", socket);
    cloud_path(place, "mosquitto.conf", conf);
    cloud_path(place, "mosquitto.log", log);
    unlink(log);
    lp_host_raise_files();
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become_broker(files, place, conf, log, parent);
    }
    for (int t = 0; pid > 0 && t < START_MS; t += STEP_MS) {
        if (socket_answers(place)) {
            chmod(socket, 0600); // mosquitto lets its group in
            return pid;
        }
        if (gone(pid)) {
            last_line(log, why, size);
            return 0;
        }
        pause_ms(STEP_MS);
    }
    snprintf(why, size, "it does not listen after %d s", START_MS / 1000);
    broker_stop(pid);
    return 0;
}

void broker_stop(pid_t pid)
{
    if (pid <= 0) {
        return;
    }
    kill(pid, SIGTERM);
    for (int t = 0; t < STOP_MS; t += STEP_MS) {
        if (gone(pid)) {
            return;
        }
        pause_ms(STEP_MS);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
