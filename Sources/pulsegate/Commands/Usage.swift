/// What the program says about itself.
enum Usage {
    static let text = """
        pulsegate: a heart-rate gateway: straps in, alarm on the spot, records to the cloud

          pulsegate demo [--recording FILE.csv] [--speed N|max] [--for SECONDS] [--data DIR]
              replays a recording through the whole pipeline: no cloud, no radio, no board
          pulsegate run --config FILE
              the gateway itself; FILE.d/*.conf are read after FILE
          pulsegate decode HEX
              what a Heart Rate Measurement (0x2A37) says, as JSON
          pulsegate config
              every key of the configuration, with its default and range
          pulsegate version
          pulsegate help

        Not a medical device.

        """

    /// Ends the complaint about a command line.
    static func hint(_ command: String) -> String {
        "`pulsegate help` shows what \(command) takes"
    }
}
