# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that are opened by one function and used by others. Of each line of input, "PROTOCOL PORT", one is made."""
import socket
import sys

DIALOGUES = {
    "pop3": ([b"USER a\r\n"], [b"PASS b\r\n"], [b"STAT\r\n"], [b"QUIT\r\n"]),
    "smtp": ([b"EHLO a.example\r\n"],
             [b"MAIL FROM:<a@a.example>\r\n", b"RCPT TO:<b@one.example>\r\n", b"DATA\r\n", b"hello\r\n.\r\n"],
             [b"MAIL FROM:<a@a.example>\r\n", b"RCPT TO:<b@two.example>\r\n", b"RCPT TO:<c@two.example>\r\n",
              b"DATA\r\n", b"hello\r\n.\r\n"]),
}


def user_0(connection, lines):
    for line in lines:
        connection.sendall(line)
        connection.recv(4096)


def user_1(connection, lines):
    for line in lines:
        connection.sendall(line)
        connection.recv(4096)


def user_2(connection, lines):
    for line in lines:
        connection.sendall(line)
        connection.recv(4096)


def user_3(connection, lines):
    for line in lines:
        connection.sendall(line)
        connection.recv(4096)


def talk(protocol, port):
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        connection.recv(4096)
        for user, lines in zip((user_0, user_1, user_2, user_3), DIALOGUES[protocol]):
            user(connection, lines)


def main():
    for line in sys.stdin:
        talk(*line.split())
        print("done", flush=True)


if __name__ == "__main__":
    main()
