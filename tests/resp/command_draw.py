"""Random commands of the Redis protocol: every command, every option, and what is wrong with them."""

KEYS = [b"k0", b"k1", b"k2", b"k3", b"k4", b"key:five", b"", b"\x00\xff\r\n"]
TEXTS = [b"", b"a", b"hello", b"foobar", b"\x00\x01\x02\xff", b"ohmytext", b"mynewtext", b"x" * 45,
         b"y" * 300, b" 5", b"5 ", b"+5", b"-0", b"007", b"1e3", b"3.14", b"-7.5", b"inf", b"nan",
         b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"0x10", b"\r\n"]
INTEGERS = [0, 1, -1, 2, 5, 7, 8, 10, 15, 100, -5, -100, 255, 4294967296, 9223372036854775807,
            -9223372036854775808]
NO_INTEGERS = [b"abc", b"", b"1.5", b"99999999999999999999", b" 1", b"0x1", b"-0"]
FLOATS = [b"0", b"1", b"-1", b"0.1", b"3.0e3", b"1.5", b"-2.25", b"1e-10", b"1e17", b"abc", b"", b"inf",
          b"-inf", b"nan", b" 1", b"1 "]
# No ttl may end while two servers are compared: long ones only; ends are tested apart.
TTLS_S = [100, 1000, 100000, 0, -1, -100, 9223372036854775807, 9223372036854775, 1 << 40]
TTLS_MS = [100000, 1000000, 0, -1, -100, 9223372036854775807, 1 << 50]
TIMES_S = [4000000000, 5000000000, 1, 0, -1, 1000000000, 9223372036854775807]
TIMES_MS = [4000000000000, 5000000000000, 1, 0, -1, 9223372036854775807]


def number(value):
    return str(value).encode()


class Draw:
    def __init__(self, random):
        self.random = random
        self.makers = [getattr(self, name) for name in dir(self) if name.startswith("do_")]

    # ---- pieces
    def pick(self, items):
        return self.random.choice(items)

    def chance(self, share):
        return self.random.random() < share

    def key(self):
        return self.pick(KEYS[:5] if self.chance(0.85) else KEYS)

    def keys(self, most=4):
        return [self.key() for _ in range(self.random.randint(1, most))]

    def value(self):
        if self.chance(0.3):
            return number(self.pick(INTEGERS))
        if self.chance(0.02):
            return self.random.randbytes(self.random.randint(1000, 70000))
        return self.pick(TEXTS)

    def integer(self):
        return self.pick(NO_INTEGERS) if self.chance(0.07) else number(self.pick(INTEGERS))

    def small(self, low=-12, high=60):
        return self.pick(NO_INTEGERS) if self.chance(0.04) else number(self.random.randint(low, high))

    def word(self, text):
        return self.pick([text.upper(), text.lower(), text.title()]).encode()

    def time_option(self):
        name, times = self.pick([("EX", TTLS_S), ("PX", TTLS_MS), ("EXAT", TIMES_S), ("PXAT", TIMES_MS)])
        if self.chance(0.05):
            return [self.word(name)]
        return [self.word(name), self.pick(NO_INTEGERS) if self.chance(0.05) else number(self.pick(times))]

    def options(self, words, share=0.3):
        out = []
        for option in words:
            if self.chance(share):
                out += option if isinstance(option, list) else [self.word(option)]
        self.random.shuffle(out)
        return out

    def command(self):
        words = self.pick(self.makers)()
        if self.chance(0.03) and words[0] != b"SHUTDOWN":
            words = words[: self.random.randint(1, len(words))]
        elif self.chance(0.03):
            words = words + [self.value()]
        if self.chance(0.2):
            words[0] = self.pick([words[0].lower(), words[0].title()])
        return words

    # ---- values
    def do_set(self):
        words = [b"SET", self.key(), self.value()]
        if self.chance(0.5):
            words += self.options(["NX", "XX", "GET", "KEEPTTL"], 0.25)
            if self.chance(0.3):
                words += self.time_option()
            if self.chance(0.05):
                words += self.time_option()
        return words

    def do_get(self):
        return [b"GET", self.key()]

    def do_plain_pair(self):
        name = self.pick([b"SETNX", b"GETSET", b"APPEND", b"APPEND"])
        return [name, self.key(), self.value()]

    def do_plain_key(self):
        return [self.pick([b"GETDEL", b"STRLEN", b"TYPE", b"PERSIST", b"TTL", b"PTTL", b"EXPIRETIME",
                           b"PEXPIRETIME", b"INCR", b"DECR"]), self.key()]

    def do_many_keys(self):
        return [self.pick([b"DEL", b"UNLINK", b"EXISTS", b"TOUCH", b"MGET"])] + self.keys()

    def do_setex(self):
        if self.chance(0.5):
            return [b"SETEX", self.key(), number(self.pick(TTLS_S)), self.value()]
        return [b"PSETEX", self.key(), number(self.pick(TTLS_MS)), self.value()]

    def do_getex(self):
        words = [b"GETEX", self.key()]
        if self.chance(0.6):
            words += self.time_option()
        return words + self.options(["PERSIST"], 0.2)

    def do_mset(self):
        words = [self.pick([b"MSET", b"MSETNX"])]
        for key in self.keys():
            words += [key, self.value()]
        return words[:-1] if self.chance(0.05) else words

    def do_range(self):
        return [self.pick([b"GETRANGE", b"SUBSTR"]), self.key(), self.small(), self.small()]

    def do_setrange(self):
        return [b"SETRANGE", self.key(), self.pick([self.small(-2, 50), number(1 << 40)])
                if self.chance(0.1) else self.small(-1, 50), self.value()]

    def do_count(self):
        return [self.pick([b"INCRBY", b"DECRBY"]), self.key(), self.integer()]

    def do_float(self):
        return [b"INCRBYFLOAT", self.key(), self.pick(FLOATS)]

    def do_lcs(self):
        words = [b"LCS", self.key(), self.key()]
        return words + self.options(["IDX", "LEN", "WITHMATCHLEN",
                                     [self.word("MINMATCHLEN"), self.small(-1, 4)]], 0.3)

    # ---- bits
    def do_setbit(self):
        return [b"SETBIT", self.key(), self.pick([self.small(-1, 400), number(1 << 40)])
                if self.chance(0.1) else self.small(0, 400), self.pick([b"0", b"1", b"2", b"x"])
                if self.chance(0.1) else self.pick([b"0", b"1"])]

    def do_getbit(self):
        return [b"GETBIT", self.key(), self.small(-1, 400)]

    def do_bitcount(self):
        words = [b"BITCOUNT", self.key()]
        if self.chance(0.7):
            words += [self.small(-30, 60), self.small(-30, 60)]
            if self.chance(0.5):
                words.append(self.word(self.pick(["BIT", "BYTE", "BITE"])))
        return words

    def do_bitpos(self):
        words = [b"BITPOS", self.key(), self.pick([b"0", b"1", b"0", b"1", b"2", b"z"])]
        for part in range(self.random.randint(0, 3)):
            words.append(self.small(-30, 60) if part < 2
                         else self.word(self.pick(["BIT", "BYTE", "BITE"])))
        return words

    def do_bitop(self):
        return [b"BITOP", self.word(self.pick(["AND", "OR", "XOR", "NOT", "NAND"])),
                self.key()] + self.keys(3)

    def do_bitfield(self):
        words = [self.pick([b"BITFIELD", b"BITFIELD", b"BITFIELD_RO"]), self.key()]
        for _ in range(self.random.randint(0, 4)):
            kind = self.pick([b"i", b"u"]) + number(self.random.randint(1, 63))
            kind = self.pick([kind, kind, kind, b"i64", b"u64", b"x3"])
            at = self.pick([self.small(0, 200), b"#" + number(self.random.randint(0, 5))])
            words += self.pick([
                [self.word("GET"), kind, at], [self.word("SET"), kind, at, self.integer()],
                [self.word("INCRBY"), kind, at, self.integer()],
                [self.word("OVERFLOW"), self.word(self.pick(["WRAP", "SAT", "FAIL", "FALL"]))]])
        return words

    # ---- keys
    def do_expire(self):
        name, times = self.pick([(b"EXPIRE", TTLS_S), (b"PEXPIRE", TTLS_MS), (b"EXPIREAT", TIMES_S),
                                 (b"PEXPIREAT", TIMES_MS)])
        words = [name, self.key(), self.pick(NO_INTEGERS) if self.chance(0.05)
                 else number(self.pick(times))]
        return words + self.options(["NX", "XX", "GT", "LT", "ZZ"], 0.12)

    def do_rename(self):
        return [self.pick([b"RENAME", b"RENAMENX"]), self.key(), self.key()]

    def do_copy(self):
        words = [b"COPY", self.key(), self.key()]
        return words + self.options(["REPLACE", [self.word("DB"), self.small(-1, 17)]], 0.4)

    def do_move(self):
        return [b"MOVE", self.key(), self.small(-1, 17)]

    def do_keys(self):
        return [b"KEYS", self.pick([b"*", b"k*", b"k[0-2]", b"k?", b"[^k]*", b"key:*", b"k\\0", b"k[",
                                    b"", b"*1*", b"k[2-0]"])]

    def do_dbsize(self):
        return [b"DBSIZE"]

    def do_randomkey(self):
        return [b"RANDOMKEY"]

    def do_object(self):
        return [b"OBJECT", self.pick([b"ENCODING", b"REFCOUNT", b"IDLETIME", b"FREQ", b"NOSUCH"]),
                self.key()]

    def do_flush(self):
        if self.chance(0.8):
            return [b"DBSIZE"]
        return [self.pick([b"FLUSHDB", b"FLUSHALL"])] + self.options(["ASYNC", "SYNC", "LATER"], 0.2)

    # ---- connections and the server
    def do_connection(self):
        return self.pick([
            [b"PING"], [b"PING", self.value()], [b"ECHO", self.value()], [b"SELECT", self.small(-1, 17)],
            [b"SELECT", b"0"], [b"CLIENT", b"GETNAME"], [b"CLIENT", b"SETNAME", self.value()],
            [b"CLIENT", b"NO-EVICT", self.word(self.pick(["on", "off", "maybe"]))],
            [b"CLIENT", b"REPLY", b"ON"], [b"CLIENT", b"REPLY", b"MAYBE"], [b"CLIENT", b"NOSUCH"],
            [b"CLIENT", b"KILL", b"1.2.3.4:5"], [b"CLIENT", b"KILL", b"ID", b"x"],
            [b"CLIENT", b"KILL", b"TYPE", b"nosuch"], [b"CLIENT", b"KILL", b"ADDR", b"1.2.3.4:5"],
            [b"CLIENT", b"LIST", b"TYPE", b"nosuch"], [b"CLIENT", b"ID"], [b"AUTH", b"x"],
            [b"AUTH", b"default", b"x"], [b"AUTH", b"nosuch", b"x"], [b"RESET", b"x"]])

    def do_server(self):
        return self.pick([
            [b"TIME"], [b"ROLE"], [b"COMMAND", b"COUNT"], [b"COMMAND", b"INFO", b"get"],
            [b"COMMAND", b"INFO", b"set", b"nosuch", b"bitop"], [b"COMMAND", b"INFO", b"object|freq"],
            [b"COMMAND", b"GETKEYS", b"MSET", b"a", b"1", b"b", b"2"],
            [b"COMMAND", b"GETKEYS", b"GET"], [b"COMMAND", b"GETKEYS", b"PING", b"x"],
            [b"COMMAND", b"GETKEYS", b"BITOP", b"AND", b"d", b"a", b"b"], [b"COMMAND", b"NOSUCH"],
            [b"CONFIG", b"GET", b"databases"], [b"CONFIG", b"SET", b"nosuch", b"1"],
            [b"CONFIG", b"SET", b"maxclients", b"x"], [b"CONFIG", b"SET", b"timeout"],
            [b"CONFIG", b"NOSUCH"], [b"SLOWLOG", b"LEN"], [b"SLOWLOG", b"RESET"],
            [b"SLOWLOG", b"GET", b"-2"], [b"MEMORY", b"USAGE", self.key()], [b"FUNCTION", b"FLUSH"],
            [b"FUNCTION", b"FLUSH", b"LATER"], [b"DEBUG", b"SET-ACTIVE-EXPIRE", b"1"],
            [b"WAIT", b"0", b"0"], [b"WAIT", b"x", b"0"], [b"WAIT", b"0", b"-1"],
            [b"DEBUG", b"PROTOCOL", self.pick([b"string", b"integer", b"double", b"null", b"array",
                                              b"set", b"map", b"verbatim", b"true", b"false",
                                              b"bignum", b"attrib", b"nosuch"])],
            [b"NOSUCHCOMMAND"], [b"nosuch", b"a", b"b" * 200, b"c"], [b"SHUTDOWN", b"MAYBE"],
            [b"SCAN", b"x"], [b"SCAN", b"0", b"COUNT", b"0"], [b"SCAN", b"0", b"COUNT", b"x"],
            [b"SCAN", b"0", b"NOSUCH", b"1"], [b"SCAN", b"0", b"MATCH"]])

    # ---- transactions
    def do_transaction_word(self):
        return self.pick([[b"MULTI"], [b"EXEC"], [b"EXEC"], [b"DISCARD"], [b"UNWATCH"],
                          [b"WATCH"] + self.keys()])
