# SPDX-License-Identifier: Apache-2.0
# shells.py SHELL SET-UP TYPED EXPECTED: types into a real interactive shell on a pty, presses Tab, and looks whether the line
# is completed to what is expected. Polls; a minute at most.
import os
import pty
import re
import select
import signal
import sys
import time

shell, setup, typed, expected = sys.argv[1:5]
commands = {'bash': ['bash', '--noprofile', '--norc', '-i'], 'zsh': ['zsh', '-f', '-i'],
            'fish': ['fish', '--no-config', '-i']}
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM='xterm', PS1='ready> ', COLUMNS='200', LINES='50')
    os.execvp(commands[shell][0], commands[shell])

screen = ''


def read_until(test, seconds):
    global screen
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                screen += os.read(fd, 65536).decode(errors='replace')
            except OSError:
                return False
        plain = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][A-Z0-9]?|\x1b\][^\x07]*\x07|\r', '', screen)
        if test(plain):
            return True
    return False


def send(text):
    os.write(fd, text.encode())


# The line that says it is ready is put together by the shell, so that its echo does not pass for it.
send(setup + '; echo is-"set"-up\n')
ok = read_until(lambda s: 'is-set-up' in s, 60)
screen = ''
tries = 0
while ok and tries < 5:
    send(typed + '\t')
    tries += 1
    if read_until(lambda s: expected in s, 12):
        break
    send('\x15')
    ok = tries < 5
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
if not ok:
    print(repr(screen[-1500:]))
sys.exit(0 if ok else 1)
