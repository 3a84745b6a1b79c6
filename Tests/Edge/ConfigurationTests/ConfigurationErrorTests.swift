import Settings
import Testing

@testable import Configuration

/// The exact words for each kind of mistake. The mistake is in line 5 or 6 of `p.conf`, behind
/// four lines that are right.
@Suite struct ConfigurationErrorTests {
    @Test func anUnknownKeyHasItsNearestKey() {
        expect(
            "[alarm]\nhihg = 160\n",
            "p.conf:6: [alarm] hihg = 160: is not a key of this section; did you mean `high`?")
        expect(
            "[alarm]\nHigh = 160\n",
            "p.conf:6: [alarm] High = 160: is not a key of this section; did you mean `high`?")
    }

    @Test func anUnknownKeyOfAnotherSectionIsSentThere() {
        expect(
            "[alarm]\nsync_interval = 1s\n",
            "p.conf:6: [alarm] sync_interval = 1s: is not a key of this section; "
                + "it belongs to [ring]")
    }

    @Test func anUnknownKeyLikeNoOtherHasTheListOfKeys() {
        expect(
            "[alarm]\ncolour = red\n",
            "p.conf:6: [alarm] colour = red: is not a key of this section; "
                + "the keys are high, clear, low, low_clear, onset_delay, pause, sensor_lost, "
                + "self_test")
    }

    @Test func anUnknownSectionIsReportedOnceAndNotItsKeys() {
        expect(
            "[alram]\nhigh = 1\nlow = 2\n",
            "p.conf:5: [alram]: is not a section; did you mean `[alarm]`?")
        expect(
            "[Sinks site]\ntype = file\n",
            "p.conf:5: [Sinks site]: is not a section; did you mean `[sink site]`?")
        expect(
            "[mqtt]\n",
            "p.conf:5: [mqtt]: is not a section; the sections are [gateway], [watchdog], [input], "
                + "[bluetooth], [sensor NAME], [alarm], [output NAME], [button], [ring], "
                + "[http], [sink NAME]")
        expect(
            "[alarm high]\n",
            "p.conf:5: [alarm high]: is not a section; did you mean `[alarm]`?")
    }

    @Test func aSinkNeedsAFitName() {
        let rule = "write `[sink NAME]` with 1 to 23 characters of A-Z a-z 0-9 _ -"
        expect("[sink]\n", "p.conf:5: [sink]: has no name; \(rule)")
        expect("[sink a.b]\n", "p.conf:5: [sink a.b]: has an unfit name; \(rule)")
        expect("[sink a b]\n", "p.conf:5: [sink a b]: has an unfit name; \(rule)")
        let long = String(repeating: "x", count: 24)
        expect("[sink \(long)]\n", "p.conf:5: [sink \(long)]: has an unfit name; \(rule)")
    }

    @Test func aNinthSinkIsOneTooMany() {
        expect(
            (1...9).map { "[sink s\($0)]\ntype = file\n" }.joined(),
            "p.conf:21: [sink s9]: is one sink too many; keep at most 8")
    }

    @Test func aKeyAboveTheFirstSectionBelongsNowhere() {
        let error = #expect(throws: ConfigurationError.self) {
            try read("high = 150\n" + smallest)
        }
        #expect(
            error?.description
                == "p.conf:1: high = 150: stands above the first section; "
                + "write its `[section]` above it")
    }

    @Test func aNumberOutOfRangeHasItsRangeAndUnit() {
        let remedy = "write a number from 30 to 300 (beats per minute)"
        for (value, fault) in [
            ("29", "is below the range"), ("301", "is above the range"),
            ("99999999999999999999999", "is above the range"), ("-5", "is not a whole number"),
            ("150.5", "is not a whole number"), ("high", "is not a whole number"),
        ] {
            expect(
                "[alarm]\nhigh = \(value)\n",
                "p.conf:6: [alarm] high = \(value): \(fault); \(remedy)")
        }
    }

    @Test func theClearLimitIsNotAboveTheHighLimit() {
        expect(
            "[alarm]\nhigh = 120\nclear = 121\n",
            "p.conf:7: [alarm] clear = 121: is above `high`, which is 120; "
                + "write a number from 25 to 120")
        expect(
            "[alarm]\nclear = 151\n",
            "p.conf:6: [alarm] clear = 151: is above `high`, which is 150; "
                + "write a number from 25 to 150")
    }

    @Test func aDurationNeedsItsUnitAndRange() {
        let remedy = "write a duration from 0s to 1min"
        for (value, words) in [
            ("3", "has no unit; add `ms`, `s`, `min` or `h`"),
            ("3 sec", "has an unknown unit; the units are `ms`, `s`, `min` or `h`"),
            ("3S", "has an unknown unit; did you mean `s`?"),
            ("61s", "is above the range; \(remedy)"),
            ("99999999999999999999h", "is above the range; \(remedy)"),
            ("9223372036s", "is above the range; \(remedy)"),
            ("-3s", "is not a duration; \(remedy)"), ("s", "is not a duration; \(remedy)"),
            ("1.s", "is not a duration; \(remedy)"), (".5s", "is not a duration; \(remedy)"),
            ("1.2.3s", "is not a duration; \(remedy)"),
            ("0.0000001ms", "is too fine; \(remedy)"),
            ("0.0000000001s", "is too fine; \(remedy)"),
        ] {
            expect(
                "[alarm]\nonset_delay = \(value)\n",
                "p.conf:6: [alarm] onset_delay = \(value): \(words)")
        }
        expect(
            "[ring]\nsync_interval = 99ms\n",
            "p.conf:6: [ring] sync_interval = 99ms: is below the range; "
                + "write a duration from 100ms to 10min")
        expect(
            "[ring]\nlazy_interval = 999ms\n",
            "p.conf:6: [ring] lazy_interval = 999ms: is below the range; "
                + "write a duration from 1s to 10min")
    }

    @Test func theRingsChoicesAreNamed() {
        expect(
            "[ring]\nsync = always\n",
            "p.conf:6: [ring] sync = always: is not a choice; write `batch` or `each`")
        expect(
            "[ring]\nwhen_full = overwirte\n",
            "p.conf:6: [ring] when_full = overwirte: is not a choice; did you mean `overwrite`?")
        expect(
            "[ring]\nallow_volatile = true\n",
            "p.conf:6: [ring] allow_volatile = true: is not a choice; write `yes` or `no`")
    }

    @Test func aSizeNeedsItsUnitAndRange() {
        let remedy = "write a size from 1MiB to 16GiB"
        for (value, words) in [
            ("64", "has no unit; add `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`"),
            ("64mib", "has an unknown unit; did you mean `MiB`?"),
            (
                "64M",
                "has an unknown unit; the units are `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`"
            ),
            ("1MB", "is below the range; \(remedy)"), ("17GiB", "is above the range; \(remedy)"),
            ("big", "is not a size; \(remedy)"), ("1048576.5B", "is too fine; \(remedy)"),
        ] {
            expect("[ring]\nsize = \(value)\n", "p.conf:6: [ring] size = \(value): \(words)")
        }
    }

    @Test func aSpeedIsANumberInRangeOrMax() {
        let remedy = "write a number from 0.1 to 10000, or `max`"
        for (value, fault) in [
            ("0.09", "is below the range"), ("10001", "is above the range"),
            ("fast", "is not a number"), ("inf", "is not a number"), ("nan", "is not a number"),
            ("1e3", "is not a number"), ("0x10", "is not a number"), (".", "is not a number"),
        ] {
            expect(
                "speed = \(value)\n", "p.conf:5: [input] speed = \(value): \(fault); \(remedy)")
        }
    }

    @Test func aChoiceHasItsNearestOrAll() {
        expect(
            "at_end = exti\n",
            "p.conf:5: [input] at_end = exti: is not a choice; did you mean `exit`?")
        expect(
            "at_end = loop\n",
            "p.conf:5: [input] at_end = loop: is not a choice; write `exit` or `stay`")
        expect(
            "[sink s]\ntype = kafka\n",
            "p.conf:6: [sink s] type = kafka: is not a choice; write `file`, `kinesis`, "
                + "`firehose`, `opensearch` or `http`")
        expect(
            "[sink s]\ntype = kinesis\nstream = s\nregion = r\nallow_http = true\n",
            "p.conf:9: [sink s] allow_http = true: is not a choice; write `yes` or `no`")
    }

    @Test func aTextHasItsLengthAndCharacters() {
        expect(
            "sensor = \(String(repeating: "x", count: 24))\n",
            "p.conf:5: [input] sensor = xxxxxxxxxxxxxxxxxxxxxxxx: has 24 bytes; "
                + "write 1 to 23 bytes")
        expect(
            "[gateway]\ndevice_id = bed 12\n",
            "p.conf:6: [gateway] device_id = bed 12: has other characters; "
                + "write 1 to 128 characters of A-Z a-z 0-9 . _ - :")
        expect(
            "[sink s]\ntype = kinesis\nstream = a/b\nregion = EU-central-1\n",
            """
            p.conf:7: [sink s] stream = a/b: has other characters; \
            write 1 to 128 characters of A-Z a-z 0-9 _ . -
            p.conf:8: [sink s] region = EU-central-1: has other characters; \
            write 1 to 63 characters of a-z 0-9 -
            """)
    }

    @Test func anEmptyValueSaysWhatToWrite() {
        expect(
            "[alarm]\nhigh =\n",
            "p.conf:6: [alarm] high = : is empty; "
                + "write a number from 30 to 300 (beats per minute), or remove the line")
    }

    @Test func quotesAreNotPartOfTheDialect() {
        expect(
            "sensor = \"strap\"\n",
            "p.conf:5: [input] sensor = \"strap\": is in quotes; write it without: strap")
    }

    @Test func aLongLineIsShortenedInItsMessage() {
        let long = String(repeating: "x", count: 150)
        expect(
            "sensor = \(long)\n",
            "p.conf:5: [input] sensor = \(long.prefix(100))...: has 150 bytes; "
                + "write 1 to 23 bytes")
    }
}

/// What is missing or does not go together.
@Suite struct ConfigurationRuleTests {
    @Test func everythingThatIsMissingIsNamedAtOnce() {
        let error = #expect(throws: ConfigurationError.self) { try read("[gateway]\n") }
        #expect(
            error?.description == """
                p.conf:1: [gateway] data: is missing; add `data = DIRECTORY` to [gateway]
                p.conf: [input] type: is missing; add `type = bluetooth|recording|stdin` to [input]
                """)
    }

    @Test func aRecordingNeedsItsFile() {
        let error = #expect(throws: ConfigurationError.self) {
            try read("[gateway]\ndata = /data\n[input]\ntype = recording\n")
        }
        #expect(
            error?.description
                == "p.conf:3: [input] recording: is missing; add `recording = FILE` to [input]")
    }

    @Test func keysOfARecordingDoNotGoWithStandardInput() {
        expect(
            "loop = yes\nrecording = a\n",
            """
            p.conf:5: [input] loop = yes: belongs to `type = recording`; \
            [input] is of type stdin; remove the line or change the type
            p.conf:6: [input] recording = a: belongs to `type = recording`; \
            [input] is of type stdin; remove the line or change the type
            """)
    }

    @Test func keysOfAnotherTypeOfSinkSaySo() {
        expect(
            "[sink s]\ntype = file\nregion = eu-central-1\n",
            "p.conf:7: [sink s] region = eu-central-1: belongs to "
                + "`type = kinesis or firehose or opensearch`; "
                + "[sink s] is of type file; remove the line or change the type")
        expect(
            kinesisSection + "path = /x\n",
            "p.conf:9: [sink cloud] path = /x: belongs to `type = file`; "
                + "[sink cloud] is of type kinesis; remove the line or change the type")
    }

    @Test func aFaultyTypeDoesNotBlameItsKeys() {
        expect(
            "[sink s]\ntype = kinesiss\nstream = x\n",
            "p.conf:6: [sink s] type = kinesiss: is not a choice; did you mean `kinesis`?")
    }

    @Test func aKinesisSinkNeedsStreamAndRegion() {
        expect(
            "[sink s]\ntype = kinesis\n",
            """
            p.conf:5: [sink s] stream: is missing; add `stream = NAME` to [sink s]
            p.conf:5: [sink s] region: is missing; add `region = REGION` to [sink s]
            """)
    }

    @Test func twoSinksDoNotShareAFile() {
        expect(
            "[sink a]\ntype = file\n[sink b]\ntype = file\npath = /data/a.ndjson\n",
            "p.conf:9: [sink b] path = /data/a.ndjson: `/data/a.ndjson` is the file of [sink a] "
                + "too; give each sink its own `path`")
        expect(
            "[sink a]\ntype = file\npath = /data/b.ndjson\n[sink b]\ntype = file\n",
            "p.conf:8: [sink b] path: `/data/b.ndjson` is the file of [sink a] too; "
                + "give each sink its own `path`")
    }

    @Test func errorsNeedAPlaceBesideEightSinks() {
        let eight = (1...8).map { "[sink s\($0)]\ntype = file\n" }.joined()
        expect(
            eight,
            "p.conf:19: [sink s8] takes: is missing: none of the 8 sinks takes errors; "
                + "add `takes = all` or `takes = errors` to one of them, or keep at most 7")
    }

    @Test func nameOfTheFileOfErrorsIsTaken() {
        expect(
            "[sink error_message]\ntype = file\npath = /x\n",
            "p.conf:5: [sink error_message] takes: is missing: this is the name of the sink for "
                + "errors; add `takes = errors` or `takes = all`, or choose another name")
    }

    @Test func formsNeedAPlaceAndANameToo() {
        let server = "[http]\ningest = on\n"
        let eight =
            (1...7).map { "[sink s\($0)]\ntype = file\n" }.joined()
            + "[sink s8]\ntype = file\ntakes = errors\n"
        expect(
            server + eight,
            "p.conf:21: [sink s8] takes: is missing: none of the 8 sinks takes patient_stats; "
                + "add `takes = all` or `takes = patient_stats` to one of them, or keep at most 7")
        expect(
            server + "[sink patient_stats]\ntype = file\npath = /x\n",
            "p.conf:7: [sink patient_stats] takes: is missing: this is the name of the sink for "
                + "patient_stats; add `takes = patient_stats` or `takes = all`, or choose another "
                + "name")
        expect(
            "[sink p]\ntype = file\ntakes = patient_stats\n",
            "p.conf:7: [sink p] takes = patient_stats: leaves no sink that takes records; "
                + "write `all`, or add a sink that takes them")
    }

    @Test func firehoseTakesFourMebibytes() {
        expect(
            "[sink s]\ntype = firehose\nstream = s\nregion = r\nbatch_bytes = 5MiB\n",
            "p.conf:9: [sink s] batch_bytes = 5MiB: is more than Firehose takes in a request; "
                + "write a size from 16KiB to 4MiB")
    }

    @Test func whatGoesFirstIsOneOfTwoAndItsRateANumber() {
        expect(
            "[sink s]\ntype = file\norder = fifo\n",
            "p.conf:7: [sink s] order = fifo: is not a choice; "
                + "write `oldest_first` or `newest_first`")
        expect(
            "[sink s]\ntype = file\ndrain_rate = 0\n",
            "p.conf:7: [sink s] drain_rate = 0: is below the range; "
                + "write a number from 1 to 1000000 (records a second)")
    }

    @Test func someSinkTakesRecords() {
        expect(
            "[sink e]\ntype = file\ntakes = errors\n",
            "p.conf:7: [sink e] takes = errors: leaves no sink that takes records; "
                + "write `all`, or add a sink that takes them")
    }

    @Test func openSearchAndHTTPNeedTheirAddresses() {
        expect(
            "[sink s]\ntype = opensearch\naccess = user\n",
            """
            p.conf:5: [sink s] user: is missing; add `user = NAME` to [sink s]
            p.conf:5: [sink s] password_file: is missing; add `password_file = FILE` to [sink s]
            p.conf:5: [sink s] endpoint: is missing; add `endpoint = https://DOMAIN`
            """)
        expect(
            "[sink s]\ntype = opensearch\nendpoint = https://a\n",
            "p.conf:5: [sink s] region: is missing; add `region = REGION` to [sink s]")
        expect(
            "[sink s]\ntype = http\n",
            "p.conf:5: [sink s] url: is missing; add `url = https://HOST/PATH`")
    }

    @Test func plainHTTPOfACollectorIsRefusedUnlessAllowedAndLoopback() {
        expect(
            "[sink s]\ntype = http\nurl = http://127.0.0.1/in\n",
            "p.conf:7: [sink s] url = http://127.0.0.1/in: is not encrypted; "
                + "write `https://`, or add `allow_http = yes` for a loopback host")
        expect(
            "[sink s]\ntype = http\nallow_http = yes\nurl = http://example.org/in\n",
            "p.conf:8: [sink s] url = http://example.org/in: is not encrypted and not a "
                + "loopback host; write `https://`, or a host such as 127.0.0.1 or localhost")
    }

    @Test func aURLIsSchemeHostPortAndPath() {
        for text in [
            "c", "ftp://a/b", "https:///b", "https://a/b c", "https://a/b#c", "https://u@a/b",
            "https://a:0/b", "https://a/é",
        ] {
            expect(
                "[sink s]\ntype = http\nurl = \(text)\n",
                "p.conf:7: [sink s] url = \(text): is not the address of a service; "
                    + "write `https://HOST/PATH` or `https://HOST:PORT/PATH`")
        }
    }

    @Test func plainHTTPIsRefusedUnlessAllowedAndLoopback() {
        expect(
            kinesisSection + "endpoint = http://127.0.0.1:4567\n",
            "p.conf:9: [sink cloud] endpoint = http://127.0.0.1:4567: is not encrypted; "
                + "write `https://`, or add `allow_http = yes` for a loopback host")
        for host in ["example.org", "127.0.0.1.example.org", "127.0.0.256", "127.1", "[::2]"] {
            expect(
                kinesisSection + "allow_http = yes\nendpoint = http://\(host)\n",
                "p.conf:10: [sink cloud] endpoint = http://\(host): is not encrypted and not a "
                    + "loopback host; write `https://`, or a host such as 127.0.0.1 or localhost")
        }
    }

    @Test func anEndpointIsSchemeHostAndPort() {
        for text in [
            "kinesis.local", "ftp://a", "https://", "https:///", "https://a/b", "https://u@a",
            "https://a:0", "https://a:65536", "https://a:", "https://a:+1", "https://a b",
            "https://-a", "https://[::1", "https://[::1]x", "https://[g::]", "https://[1]",
            "https://é", "HTTPS://a",
        ] {
            expect(
                kinesisSection + "endpoint = \(text)\n",
                "p.conf:9: [sink cloud] endpoint = \(text): is not the address of a service; "
                    + "write `https://HOST` or `https://HOST:PORT`")
        }
    }

    @Test func aHostNameThatIsNoDeviceIDAsksForOne() {
        for name in ["", "ward 7", String(repeating: "x", count: 129)] {
            let error = #expect(throws: ConfigurationError.self) {
                try read(smallest, hostName: name)
            }
            #expect(
                error?.description
                    == "p.conf:1: [gateway] device_id: is missing, and the host name `\(name)` is "
                    + "not fit for it; add `device_id = NAME` with 1 to 128 characters of "
                    + "A-Z a-z 0-9 . _ - :")
        }
        #expect(throws: Never.self) {
            try read("[gateway]\ndevice_id = a\n" + smallest, hostName: "ward 7")
        }
    }
}

/// The words for lines that are no settings.
@Suite struct ConfigurationSyntaxErrorTests {
    @Test func linesThatAreNoSettingsHaveTheirWords() {
        expect(
            "junk\n[alarm\nhigh = 1\n",
            """
            p.conf:5: junk: is no setting, heading or comment; \
            write `key = value`, or begin it with `#`
            p.conf:6: [alarm: is no heading; write `[section]` alone on its line
            """)
        expect("= 1\n", "p.conf:5: = 1: has no key; write `key = value`")
        expect(
            "sensor = a # b\n",
            "p.conf:5: sensor = a # b: `#` begins a comment only at the start of a line; "
                + "write ` ;` before the comment")
        expect(
            "sensor = a\nsensor = b\n",
            "p.conf:6: sensor = b: [input] sensor is set in line 5 already; "
                + "remove one of the two lines")
        expect(
            "sensor = \u{1}\n",
            "p.conf:5: the line has the control character 1; remove it, or write the line again")
        expect(
            "recording = \(String(repeating: "x", count: 200))\n",
            "p.conf:5: the line has more than 198 bytes; shorten it, for example its path")
    }

    @Test func aLineThatIsNotUTF8HasItsWords() {
        let bytes = Array((smallest + "sensor = ").utf8) + [0xFF]
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.read([.parse(bytes, file: "p.conf")], hostName: "a")
        }
        #expect(error?.description == "p.conf:5: the line is not UTF-8; save the file as UTF-8")
    }

    @Test func aFileThatIsGivenUpHasItsWords() {
        let error = #expect(throws: ConfigurationError.self) {
            try read(smallest + String(repeating: "x\n", count: 500))
        }
        #expect(
            error?.problems.last?.description
                == "p.conf:104: x: the file goes beyond 100 entries or problems; "
                + "shorten it; the rest was not read")
    }
}
