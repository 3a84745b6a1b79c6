/// What the program says about itself.
enum Usage {
    static let text = """
        pulsegate: a heart-rate gateway: straps in, alarm on the spot, records to the cloud

          pulsegate demo [--recording FILE.csv] [--speed N|max] [--for SECONDS] [--data DIR]
              replays a recording through the whole pipeline: no cloud, no radio, no board
          pulsegate simulate [--patients N] [--rate N] [--duration SECONDS|--count N] [--seed N]
                             [--bad PERCENT] [--to -|URL] [--batch N] [--form posts|notifications]
                             [--start TIME] [--speed 1|max] [--token-file FILE]
              patients who are not there: lines of patient_stats on standard output or posted to a
              gateway (429 and 503 are tried again under the same key), or lines of notifications
              for `run` with `[input] type = stdin`; the same for the same seed and start
          pulsegate run --config FILE
              the gateway itself; FILE.d/*.conf are read after FILE
          pulsegate check --config FILE
              reads the configuration as `run` does, and says what is wrong with it
          pulsegate net check --config FILE
              tries the way to each sink (key, name, TLS, clock, a request without records), and
              says of each step how it went and what to do
          pulsegate alarm test|ack|status --config FILE
              tries lamp and buzzer, acknowledges what sounds, says how it is; the gateway runs or,
              for test, does not
          pulsegate alarm log --config FILE|--data DIR [--from TIME] [--to TIME]
                    [--format ndjson|csv]
              what happened to alarms, from the records on the card
          pulsegate board detect
              which board this is, its GPIO chips, and what to write for lamp, buzzer and button
          pulsegate scan [--for SECONDS] [--adapter hci0] [--all] [--json]
              the sensors in range, and what to write into the configuration for each
          pulsegate ble list|info|connect|disconnect|forget [ADDRESS] [--json]
              what BlueZ knows, and links by hand; `ble info` alone shows the adapters
          pulsegate decode [--characteristic NUMBER] HEX
              what a value says, as JSON: 2A37 heart rate (the default), 2A35 blood pressure,
              2A1C temperature, 2A5F and 2A5E pulse oximeter (continuous, spot check),
              2A18 glucose, 2A19 battery, 2A38 body sensor location, 2A24 model, 2A25 serial
              number, 2A26 firmware, 2A29 manufacturer
          pulsegate doctor [--config FILE] [--json] [--net] [--root DIR]
              everything between strap and cloud: what was seen, and what to do; --net tries the
              sinks too; --root looks at another system, as an unpacked image
          pulsegate support [--config FILE] [--output FILE] [--base64 [--from LINE]]
                            [--health-data]
              one file for whoever helps: settings without secrets, state, log, no health data
              unless asked; --base64 writes it over a serial line, and goes on from a line
          pulsegate console [--config FILE]
              the gateway's own commands, at a terminal, on a serial line or from a pipe
          pulsegate config
              every key of the configuration, with its default and range
          pulsegate ring stat|fsck|dump|export|drain|capacity
              the records on the card. All take --data DIR or --config FILE, and all but drain and
              fsck --repair work beside a gateway that runs:
              stat [--sensors N] [--card-terabytes-written N]     what it holds, and the wear
              fsck [--repair]                                     what is damaged, and where
              dump [--format ndjson|csv] [--from TIME] [--to TIME] [--sensor NAME]
                   [--sink NAME] [--device NAME]                  the records, oldest first;
                   TIME is 2025-07-15T17:10:33Z or -2h; --sink: what that sink does not have yet
              export FILE [--force] [--device NAME]               all records into a new file
              drain --config FILE [--timeout 5min]                sends what is left to the sinks
              capacity                                            how long each size reaches back
          pulsegate version
          pulsegate help

        Not a medical device.

        """

    /// Ends the complaint about a command line.
    static func hint(_ command: String) -> String {
        "`pulsegate help` shows what \(command) takes"
    }
}
