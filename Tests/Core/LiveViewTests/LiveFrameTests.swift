import LiveView
import Testing

/// Whole frames, sign by sign, without colour. Colours are held by `LiveScreenTests`.
@Suite struct LiveFrameTests {
    private func frame(_ status: LiveStatus, columns: Int = 80, rows: Int = 24) -> String {
        Page(status, LiveScreen(columns: columns, rows: rows, isColored: false)).text
    }

    @Test func normalHeartRateOnOrdinaryTerminal() {
        let expected = """
             PULSEGATE  demo-gateway · chest strap          interval-session  00:03:20  ×10
            ╭─ heart rate ───────────────╮╭─ alarm ────────────────────────────── 1 alarm ─╮
            │   ██    ██████  ██████     ││  NORMAL                                        │
            │ ████        ██  ██         ││ raised > 150 · cleared < 145 bpm               │
            │   ██    ██████  ██████     ││                                                │
            │   ██        ██      ██     ││ ▼ 00:01:28  cleared at 144 bpm                 │
            │ ██████  ██████  ██████ bpm ││ ▲ 00:00:44  raised  at 153 bpm                 │
            │ on skin · RR 444 ms        ││                                                │
            ╰────────────────────────────╯╰────────────────────────────────────────────────╯
            ╭─ beats per minute ─────────────────────────────────────────────── limit 150 ─╮
            │ 170 ┤                                   ⡠⡀                            ⡠⡀     │
            │     │                                ⣀⠔⠋ ⠈⠓⢄⡀                      ⣀⠔⠋ ⠈⠓⢄⡀  │
            │ 150 ┤⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⢄⡤⠎⠅⠄⠄⠄⠄⠄⠄⠍⠦⣄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⢄⡤⠎⠅⠄⠄⠄⠄⠄⠄⠍⠦ │
            │     │                           ⡠⠖⠁            ⠑              ⡠⠖⠁            │
            │     │                        ⣀⠔⠋                  ⠐⢄⡀      ⣀⠔⠋               │
            │     │                     ⢀⡤⠊⠁                      ⠉⠢⣄ ⢀⡤⠊⠁                 │
            │ 115 ┤                    ⠐⠁                            ⠑⠁                    │
            ╰──────────── -4 min ─────── -3 min ─────── -2 min ─────── -1 min ──────── now ╯
            ╭─ records ─────────────────────────────────────────────────────── 191 stored ─╮
            │ ring ▏░░░░░░░░░░░░░░░░░░░  191 of 65,536                        0 not synced │
            │ sink         delivered   waiting      lost  oldest  state                    │
            │ file               191         0         0       -  ● ok                     │
            ╰──────────────────────────────────────────────────────────────────────────────╯
             alarm p50 42 µs p99 180 µs · durable p50 1.2 ms p99 8.4 ms         Ctrl-C ends
            """
        #expect(frame(Samples.normal) == expected)
    }

    @Test func conditionBeforeItsOnsetDelay() {
        let expected = """
             PULSEGATE  demo-gateway · chest strap          interval-session  00:03:20  ×10
            ╭─ heart rate ───────────────╮╭─ alarm ────────────────────────────── 1 alarm ─╮
            │   ██    ██████    ██       ││  PENDING  raised in 2 s                        │
            │ ████    ██      ████       ││ above 150 bpm                                  │
            │   ██    ██████    ██       ││                                                │
            │   ██        ██    ██       ││ ▼ 00:01:28  cleared at 144 bpm                 │
            │ ██████  ██████  ██████ bpm ││ ▲ 00:00:44  raised  at 153 bpm                 │
            │ on skin · RR 444 ms        ││                                                │
            ╰────────────────────────────╯╰────────────────────────────────────────────────╯
            ╭─ beats per minute ─────────────────────────────────────────────── limit 150 ─╮
            │ 170 ┤                                   ⡠⡀                            ⡠⡀     │
            │     │                                ⣀⠔⠋ ⠈⠓⢄⡀                      ⣀⠔⠋ ⠈⠓⢄⡀  │
            │ 150 ┤⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⢄⡤⠎⠅⠄⠄⠄⠄⠄⠄⠍⠦⣄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⢄⡤⠎⠅⠄⠄⠄⠄⠄⠄⠍⠦ │
            │     │                           ⡠⠖⠁            ⠑              ⡠⠖⠁            │
            │     │                        ⣀⠔⠋                  ⠐⢄⡀      ⣀⠔⠋               │
            │     │                     ⢀⡤⠊⠁                      ⠉⠢⣄ ⢀⡤⠊⠁                 │
            │ 115 ┤                    ⠐⠁                            ⠑⠁                    │
            ╰──────────── -4 min ─────── -3 min ─────── -2 min ─────── -1 min ──────── now ╯
            ╭─ records ─────────────────────────────────────────────────────── 191 stored ─╮
            │ ring ▏░░░░░░░░░░░░░░░░░░░  191 of 65,536                        0 not synced │
            │ sink         delivered   waiting      lost  oldest  state                    │
            │ file               191         0         0       -  ● ok                     │
            ╰──────────────────────────────────────────────────────────────────────────────╯
             alarm p50 42 µs p99 180 µs · durable p50 1.2 ms p99 8.4 ms         Ctrl-C ends
            """
        #expect(frame(Samples.pending) == expected)
    }

    @Test func raisedAlarm() {
        let expected = """
             PULSEGATE  demo-gateway · chest strap          interval-session  00:03:20  ×10
            ╭─ heart rate ───────────────╮╭─ alarm ───────────────────────────── 2 alarms ─╮
            │   ██    ██████  ██████     ││  ALARM HIGH  for 14 s                          │
            │ ████    ██      ██         ││ above 150 bpm since 00:03:06                   │
            │   ██    ██████  ██████     ││                                                │
            │   ██        ██  ██  ██     ││ ▲ 00:03:06  raised  at 153 bpm                 │
            │ ██████  ██████  ██████ bpm ││ ▼ 00:01:28  cleared at 144 bpm                 │
            │ on skin · RR 444 ms        ││ ▲ 00:00:44  raised  at 153 bpm                 │
            ╰────────────────────────────╯╰────────────────────────────────────────────────╯
            ╭─ beats per minute ─────────────────────────────────────────────── limit 150 ─╮
            │ 170 ┤                                   ⡠⡀                            ⡠⡀     │
            │     │                                ⣀⠔⠋ ⠈⠓⢄⡀                      ⣀⠔⠋ ⠈⠓⢄⡀  │
            │ 150 ┤⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⢄⡤⠎⠅⠄⠄⠄⠄⠄⠄⠍⠦⣄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⢄⡤⠎⠅⠄⠄⠄⠄⠄⠄⠍⠦ │
            │     │                           ⡠⠖⠁            ⠑              ⡠⠖⠁            │
            │     │                        ⣀⠔⠋                  ⠐⢄⡀      ⣀⠔⠋               │
            │     │                     ⢀⡤⠊⠁                      ⠉⠢⣄ ⢀⡤⠊⠁                 │
            │ 115 ┤                    ⠐⠁                            ⠑⠁                    │
            ╰──────────── -4 min ─────── -3 min ─────── -2 min ─────── -1 min ──────── now ╯
            ╭─ records ─────────────────────────────────────────────────────── 191 stored ─╮
            │ ring ▏░░░░░░░░░░░░░░░░░░░  191 of 65,536                        0 not synced │
            │ sink         delivered   waiting      lost  oldest  state                    │
            │ file               191         0         0       -  ● ok                     │
            ╰──────────────────────────────────────────────────────────────────────────────╯
             alarm p50 42 µs p99 180 µs · durable p50 1.2 ms p99 8.4 ms         Ctrl-C ends
            """
        #expect(frame(Samples.raised) == expected)
    }

    @Test func silentSensorIsNotJudged() {
        let expected = """
             PULSEGATE  demo-gateway · chest strap          interval-session  00:04:35  ×10
            ╭─ heart rate ───────────────╮╭─ alarm ────────────────────────────── 1 alarm ─╮
            │                            ││  NOT JUDGED                                    │
            │                            ││ raised > 150 · cleared < 145 bpm               │
            │ ██████  ██████  ██████     ││                                                │
            │                            ││ ▼ 00:01:28  cleared at 144 bpm                 │
            │                        bpm ││ ▲ 00:00:44  raised  at 153 bpm                 │
            │ SILENT for 1 min 15 s      ││                                                │
            ╰────────────────────────────╯╰────────────────────────────────────────────────╯
            ╭─ beats per minute ─────────────────────────────────────────────── limit 150 ─╮
            │ 170 ┤                ⢀⢄                            ⢀⢄                        │
            │     │             ⢀⡠⠚⠁ ⠙⠢⣀                      ⢀⡠⠚⠁ ⠙⠢⣀                     │
            │ 150 ┤⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⣤⠔⠍⠄⠄⠄⠄⠄⠄⠌⠕⢤⡄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⣤⠔⠍⠄⠄⠄⠄⠄⠄⠌⠕⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄ │
            │     │        ⢀⠴⠊            ⠈⠂             ⢀⠴⠊                               │
            │     │     ⢀⡠⠚⠁                  ⠢⣀      ⢀⡠⠚⠁                                 │
            │     │   ⣠⠔⠉                      ⠈⠑⢤⡀ ⣠⠔⠉                                    │
            │ 115 ┤  ⠊                            ⠈⠊                                       │
            ╰──────────── -4 min ─────── -3 min ─────── -2 min ─────── -1 min ──────── now ╯
            ╭─ records ─────────────────────────────────────────────────────── 191 stored ─╮
            │ ring ▏░░░░░░░░░░░░░░░░░░░  191 of 65,536                        0 not synced │
            │ sink         delivered   waiting      lost  oldest  state                    │
            │ file               191         0         0       -  ● ok                     │
            ╰──────────────────────────────────────────────────────────────────────────────╯
             alarm p50 42 µs p99 180 µs · durable p50 1.2 ms p99 8.4 ms         Ctrl-C ends
            """
        #expect(frame(Samples.silent) == expected)
    }

    @Test func offSkinSensorKeepsTheRaisedAlarm() {
        let expected = """
             PULSEGATE  demo-gateway · chest strap          interval-session  00:03:20  ×10
            ╭─ heart rate ───────────────╮╭─ alarm ───────────────────────────── 2 alarms ─╮
            │                            ││  ALARM HIGH  for 14 s                          │
            │                            ││ above 150 bpm since 00:03:06                   │
            │ ██████  ██████  ██████     ││                                                │
            │                            ││ ▲ 00:03:06  raised  at 153 bpm                 │
            │                        bpm ││ ▼ 00:01:28  cleared at 144 bpm                 │
            │ OFF SKIN: no contact       ││ ▲ 00:00:44  raised  at 153 bpm                 │
            ╰────────────────────────────╯╰────────────────────────────────────────────────╯
            ╭─ beats per minute ─────────────────────────────────────────────── limit 150 ─╮
            │ 170 ┤                                   ⡠⡀                            ⡠⡀     │
            │     │                                ⣀⠔⠋ ⠈⠓⢄⡀                      ⣀⠔⠋ ⠈⠓⢄⡀  │
            │ 150 ┤⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⢄⡤⠎⠅⠄⠄⠄⠄⠄⠄⠍⠦⣄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⠄⢄⡤⠎⠅⠄⠄⠄⠄⠄⠄⠍⠦ │
            │     │                           ⡠⠖⠁            ⠑              ⡠⠖⠁            │
            │     │                        ⣀⠔⠋                  ⠐⢄⡀      ⣀⠔⠋               │
            │     │                     ⢀⡤⠊⠁                      ⠉⠢⣄ ⢀⡤⠊⠁                 │
            │ 115 ┤                    ⠐⠁                            ⠑⠁                    │
            ╰──────────── -4 min ─────── -3 min ─────── -2 min ─────── -1 min ──────── now ╯
            ╭─ records ─────────────────────────────────────────────────────── 191 stored ─╮
            │ ring ▏░░░░░░░░░░░░░░░░░░░  191 of 65,536                        0 not synced │
            │ sink         delivered   waiting      lost  oldest  state                    │
            │ file               191         0         0       -  ● ok                     │
            ╰──────────────────────────────────────────────────────────────────────────────╯
             alarm p50 42 µs p99 180 µs · durable p50 1.2 ms p99 8.4 ms         Ctrl-C ends
            """
        #expect(frame(Samples.offSkin) == expected)
    }

    @Test func nothingHasArrivedYet() {
        let expected = """
             PULSEGATE  demo-gateway                             interval-session  00:00:00
            ╭─ heart rate ───────────────╮╭─ alarm ───────────────────────────── 0 alarms ─╮
            │                            ││  NOT JUDGED                                    │
            │                            ││ raised > 150 · cleared < 145 bpm               │
            │ ██████  ██████  ██████     ││                                                │
            │                            ││                                                │
            │                        bpm ││                                                │
            │ waiting for a value        ││                                                │
            ╰────────────────────────────╯╰────────────────────────────────────────────────╯
            ╭─ beats per minute ─────────────────────────────────────────────── limit 150 ─╮
            │ 170 ┤                                                                        │
            │     │                                                                        │
            │     │                                                                        │
            │ 150 ┤⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂ no heart rate yet ⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂⠂ │
            │     │                                                                        │
            │     │                                                                        │
            │ 130 ┤                                                                        │
            ╰──────────── -2 min ──────── -1:30 ─────── -1 min ──────── -30 s ──────── now ╯
            ╭─ records ───────────────────────────────────────────────────────── 0 stored ─╮
            │ ring 0                                                          0 not synced │
            │ sink         delivered   waiting      lost  oldest  state                    │
            │ no sink                                                                      │
            ╰──────────────────────────────────────────────────────────────────────────────╯

            """
        #expect(frame(Samples.young) == expected)
    }

    @Test func failingSinksSayWhy() {
        let expected = """
             PULSEGATE  demo-gateway · chest strap          interval-session  00:03:20  ×10
            ╭─ heart rate ───────────────╮╭─ alarm ────────────────────────────── 1 alarm ─╮
            │   ██    ██████  ██████     ││  NORMAL                                        │
            │ ████        ██  ██         ││ raised > 150 · cleared < 145 bpm               │
            │   ██    ██████  ██████     ││                                                │
            │   ██        ██      ██     ││ ▼ 00:01:28  cleared at 144 bpm                 │
            │ ██████  ██████  ██████ bpm ││ ▲ 00:00:44  raised  at 153 bpm                 │
            │ on skin · RR 444 ms        ││                                                │
            ╰────────────────────────────╯╰────────────────────────────────────────────────╯
            ╭─ beats per minute ─────────────────────────────────────────────── limit 150 ─╮
            │     │                                  ⣀⠤⢄⡀                          ⣀⠤⢄⡀    │
            │ 150 ┤⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⣀⡤⡖⡉⡀⡀⡀⡈⡑⡦⣄⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⣀⡤⡖⡉⡀⡀⡀⡈⡑⡦⣄ │
            │     │                          ⣀⡤⠖⠋⠁          ⠉⠓             ⣀⡤⠖⠋⠁           │
            │     │                      ⢀⡠⠖⠋⠁                  ⠈⠓⠦⣀   ⢀⡠⠖⠋⠁               │
            │ 115 ┤                    ⠐⠊⠁                          ⠉⠒⠊⠁                   │
            ╰──────────── -4 min ─────── -3 min ─────── -2 min ─────── -1 min ──────── now ╯
            ╭─ records ─────────────────────────────────────────────────────── 191 stored ─╮
            │ ring ▏░░░░░░░░░░░░░░░░░░░  191 of 65,536                        3 not synced │
            │ sink         delivered   waiting      lost  oldest  state                    │
            │ file               191         0         0       -  ● ok                     │
            │ kinesis            180        11         0    12 s  ● retry in 4 s: HTTP 503 │
            │ search               0 1,234,567       191   1h06m  ● FAILED: access denied  │
            ╰──────────────────────────────────────────────────────────────────────────────╯
             alarm p50 42 µs p99 180 µs · durable p50 1.2 ms p99 8.4 ms         Ctrl-C ends
            """
        #expect(frame(Samples.failingSinks) == expected)
    }

    @Test func smallTerminalKeepsWhatMatters() {
        let expected = """
             PULSEGATE  demo-gateway · c…  00:03:20
               ██    ██████  ██████   NORMAL
             ████        ██  ██      >150
               ██    ██████  ██████  1 alarm
               ██        ██      ██  on skin
             ██████  ██████  ██████  RR 444 ms
             ring 191 of 65,536        3 not synced
               sink       sent  wait  lost  state
             ● file        191     0     0  ok
             ● kinesis     180    11     0  retry …
             ● search        0 1234k   191  FAILED…

            """
        #expect(frame(Samples.failingSinks, columns: 40, rows: 12) == expected)
    }

    @Test func serialConsoleGetsASCIIAlone() {
        let screen = LiveScreen(isColored: false, symbols: .ascii)
        let expected = """
             PULSEGATE  demo-gateway | chest strap          interval-session  00:03:20  x10
            +- heart rate ---------------++- alarm ------------------------------ 1 alarm -+
            |   ##    ######  ######     ||  NORMAL                                        |
            | ####        ##  ##         || raised > 150 | cleared < 145 bpm               |
            |   ##    ######  ######     ||                                                |
            |   ##        ##      ##     || v 00:01:28  cleared at 144 bpm                 |
            | ######  ######  ###### bpm || ^ 00:00:44  raised  at 153 bpm                 |
            | on skin | RR 444 ms        ||                                                |
            +----------------------------++------------------------------------------------+
            +- beats per minute ----------------------------------------------- limit 150 -+
            |     |                       **                                      **       |
            | 150 +- - - - - - - - -*******-*******- - - - - - - - - - - - -*******-****** |
            |     |           *******             ***                 *******              |
            |     |     *******                         ******* *******                    |
            | 115 +    *                                      **                           |
            +------------ -3 min ------------ -2 min ------------ -1 min ------------- now +
            +- records ------------------------------------------------------- 191 stored -+
            | ring #...................  191 of 65,536                        3 not synced |
            | sink         delivered   waiting      lost  oldest  state                    |
            | file               191         0         0       -  * ok                     |
            | kinesis            180        11         0    12 s  * retry in 4 s: HTTP 503 |
            | search               0 1,234,567       191   1h06m  * FAILED: access denied  |
            +------------------------------------------------------------------------------+
             alarm p50 42 us p99 180 us | durable p50 1.2 ms p99 8.4 ms         Ctrl-C ends
            """
        #expect(Page(Samples.failingSinks, screen).text == expected)
    }

    @Test func wideTerminalHasAPanelForLatencies() {
        let screen = LiveScreen(columns: 100, rows: 30, isColored: false)
        let expected = """
            ╭─ latency ─────── from arrival ─╮
            │            p50     p99     max │
            │ alarm    42 µs  180 µs  1.1 ms │
            │ durable 1.2 ms  8.4 ms   23 ms │
            │                                │
            │ alarm: decided and handed on   │
            │ durable: synced or delivered   │
            │                                │
            │                                │
            ╰────────────────────────────────╯
            """
        let panel = Page(Samples.normal, screen).rows[1...10].map { $0.suffix(34) }
        #expect(panel.joined(separator: "\n") == expected)
    }

    @Test func sinksWithoutRoomAreCounted() {
        var status = Samples.normal
        status.sinks = (1...8).map { number in
            var sink = LiveSink(name: "sink-\(number)", type: "file")
            if number == 7 { sink.state = .failed(reason: "full") }
            return sink
        }
        let expected = """
            │ sink         delivered   waiting      lost  oldest  state                    │
            │ sink-1               0         0         0       -  ● ok                     │
            │ sink-2               0         0         0       -  ● ok                     │
            │ sink-3               0         0         0       -  ● ok                     │
            │ sink-4               0         0         0       -  ● ok                     │
            │ … 4 more sinks: 1 not ok                                                     │
            ╰──────────────────────────────────────────────────────────────────────────────╯
            """
        let screen = LiveScreen(isColored: false)
        #expect(Page(status, screen).rows[16...22].joined(separator: "\n") == expected)
    }

    @Test(arguments: [40, 80, 120]) func failingRingIsSaidInItsLine(columns: Int) {
        var status = Samples.normal
        status.ring.trouble = "Input/output error"
        status.ring.unsynced = 1_234
        let line = frame(status, columns: columns).split(separator: "\n").first {
            $0.contains("ring ")
        }
        #expect(line?.contains("fails, 1,234") == true, "\(line ?? "")")
        #expect(line?.contains("error") == (columns > 80), "\(line ?? "")")
    }
}
