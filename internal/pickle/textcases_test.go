package pickle

// textCases are pickles of protocols 0 and 1 by CPython 3.11.7, and what it makes of them.
var textCases = []struct{ name, data, want string }{
	{"protocol 0", "(dp0\nVa\np1\n(lp2\nI1\naI-2\naI300\naI70000\naL2147483648L\naL-2147483649L\naL9223372036854775807L\naL-9223372036854775808L\naL9223372036854775808L\naL1267650600228229401496703205376L\naL-1267650600228229401496703205376L\naL-9223372036854775809L\naL2361183241434822606847L\naL-2361183241434822606848L\nasVb\np3\n(NI01\nI00\ntp4\nsVc\np5\n((t(I1\ntp6\n(I1\nI2\ntp7\n(I1\nI2\nI3\ntp8\n(I1\nI2\nI3\nI4\ntp9\ntp10\nsVd\np11\nF2.5\nsVe\np12\nc_codecs\nencode\np13\n(Vabc\np14\nVlatin1\np15\ntp16\nRp17\nsVf\np18\nVgr\xf6\xdfe\np19\nsVg\np20\nc__builtin__\nset\np21\n((lp22\nI1\natp23\nRp24\nsVh\np25\nc__builtin__\nfrozenset\np26\n((lp27\nI2\natp28\nRp29\nsV\np30\n(dp31\nsVi\np32\nVa\\u000ab\\u005cu\\u0000\\u001a\\u20ac\\U0001f600\"\np33\nsVj\np34\n(lp35\nF1e+300\naF-0.5\naFinf\nas.",
		`{"a": [1, -2, 300, 70000, 2147483648, -2147483649, 9223372036854775807, -9223372036854775808, Long(000000000000008000), Long(00000000000000000000000010), Long(000000000000000000000000f0), Long(ffffffffffffff7fff), Long(ffffffffffffffff7f), Long(000000000000000080)], "b": (None, true, false), "c": ((), (1), (1, 2), (1, 2, 3), (1, 2, 3, 4)), "d": 2.5, "e": _codecs.encode("abc", "latin1"), "f": "größe", "g": __builtin__.set([1]), "h": __builtin__.frozenset([2]), "": {}, "i": "a\nb\\u\x00\x1a€😀\"", "j": [1e+300, -0.5, +Inf]}`},
	{"protocol 1", "}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00L2147483648L\nL-2147483649L\nL9223372036854775807L\nL-9223372036854775808L\nL9223372036854775808L\nL1267650600228229401496703205376L\nL-1267650600228229401496703205376L\nL-9223372036854775809L\nL2361183241434822606847L\nL-2361183241434822606848L\neX\x01\x00\x00\x00bq\x03(NI01\nI00\ntq\x04X\x01\x00\x00\x00cq\x05()(K\x01tq\x06(K\x01K\x02tq\x07(K\x01K\x02K\x03tq\x08(K\x01K\x02K\x03K\x04tq\x09tq\nX\x01\x00\x00\x00dq\x0bG@\x04\x00\x00\x00\x00\x00\x00X\x01\x00\x00\x00eq\x0cc_codecs\nencode\nq\x0d(X\x03\x00\x00\x00abcq\x0eX\x06\x00\x00\x00latin1q\x0ftq\x10Rq\x11X\x01\x00\x00\x00fq\x12X\x07\x00\x00\x00gr\xc3\xb6\xc3\x9feq\x13X\x01\x00\x00\x00gq\x14c__builtin__\nset\nq\x15(]q\x16K\x01atq\x17Rq\x18X\x01\x00\x00\x00hq\x19c__builtin__\nfrozenset\nq\x1a(]q\x1bK\x02atq\x1cRq\x1dX\x00\x00\x00\x00q\x1e}q\x1fX\x01\x00\x00\x00iq X\x0f\x00\x00\x00a\nb\\u\x00\x1a\xe2\x82\xac\xf0\x9f\x98\x80\"q!X\x01\x00\x00\x00jq\"]q#(G~7\xe4<\x88\x00u\x9cG\xbf\xe0\x00\x00\x00\x00\x00\x00G\x7f\xf0\x00\x00\x00\x00\x00\x00eu.",
		`{"a": [1, -2, 300, 70000, 2147483648, -2147483649, 9223372036854775807, -9223372036854775808, Long(000000000000008000), Long(00000000000000000000000010), Long(000000000000000000000000f0), Long(ffffffffffffff7fff), Long(ffffffffffffffff7f), Long(000000000000000080)], "b": (None, true, false), "c": ((), (1), (1, 2), (1, 2, 3), (1, 2, 3, 4)), "d": 2.5, "e": _codecs.encode("abc", "latin1"), "f": "größe", "g": __builtin__.set([1]), "h": __builtin__.frozenset([2]), "": {}, "i": "a\nb\\u\x00\x1a€😀\"", "j": [1e+300, -0.5, +Inf]}`},
	{"quoted", "S'a\\n\\t\\\\\\'\\x00\\xff\\101\\7z\\08\\q\\\"'\np0\n.", "text 610a095c2700ff41077a00385c7122"},
	{"double quotes", "S\"it's\"\n.", "text 69742773"},
	{"letters", "S'\\r\\a\\b\\f\\v'\n.", "text 0d07080c0b"},
	{"octals", "S'\\1\\12\\123\\1234\\377\\7'\n.", "text 010a535334ff07"},
	{"octals with zeros", "S'\\10\\100\\1009\\07'\n.", "text 0840403907"},
	{"empty", "S''\n.", "text "},
	{"old bools", "(I01\nI00\nI1\nI-5\nI12345678901234567890\nL7L\nL-7L\nL8\nt.", "(true, false, 1, -5, Long(d20a1feb8ca954ab00), 7, -7, 8)"},
	{"raw unicode", "V\\u20ac\\U0001f600\\\\u0041\\q\xe9\\\n.", "text e282acf09f98805c5c75303034315c71c3a95c"},
	{"floats", "(F2.5\nF-1e-3\nFinf\nl.", "[2.5, -0.001, +Inf]"},
	{"dict and memo", "(dp0\nVk\np1\ng1\nsg0\n0.", "{text 6b: text 6b}"},
	{"dict of marks", "(VA\nI1\nVB\nI2\nd.", "{text 41: 1, text 42: 2}"},
	{"dup", "]I1\n2\x86a.", "[(1, 1)]"},
}
