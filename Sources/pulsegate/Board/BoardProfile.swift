/// What is known of a board: where a lamp, a buzzer and a button go, and which serial lines are
/// taken. `board/README.md` draws the wiring.
struct BoardProfile {
    let name: String
    /// Its model in the device tree begins so.
    let modelPrefix: String
    /// The label of the chip with the pins of the header; its number changes with the kernel.
    let chip: String
    let console: String
    let radio: String

    /// Pins that are inputs with a pull-down at the start, so that a lamp is dark and a buzzer
    /// silent until a program drives them, and that no usual bus needs.
    struct Lines {
        static let lamp = (line: 17, pin: 11)
        static let status = (line: 27, pin: 13)
        static let buzzer = (line: 22, pin: 15)
        static let button = (line: 23, pin: 16)
    }

    /// The first whose prefix fits.
    static let all: [BoardProfile] = [
        BoardProfile(
            name: "Raspberry Pi Zero 2 W", modelPrefix: "Raspberry Pi Zero 2",
            chip: "pinctrl-bcm2835",
            console: "GPIO14 and 15 with `enable_uart=1`: /dev/ttyS0 (mini UART)",
            radio: "on the PL011, /dev/ttyAMA0: leave it to Bluetooth"),
        BoardProfile(
            name: "Raspberry Pi 3", modelPrefix: "Raspberry Pi 3", chip: "pinctrl-bcm2835",
            console: "GPIO14 and 15 with `enable_uart=1`: /dev/ttyS0 (mini UART)",
            radio: "on the PL011, /dev/ttyAMA0: leave it to Bluetooth"),
        BoardProfile(
            name: "Raspberry Pi 4", modelPrefix: "Raspberry Pi 4", chip: "pinctrl-bcm2711",
            console: "GPIO14 and 15 with `enable_uart=1`: /dev/ttyS0 (mini UART)",
            radio: "on the PL011, /dev/ttyAMA0: leave it to Bluetooth"),
        BoardProfile(
            name: "Raspberry Pi 5", modelPrefix: "Raspberry Pi 5", chip: "pinctrl-rp1",
            console: "the connector between the HDMI sockets: /dev/ttyAMA10; GPIO14 and 15 with "
                + "`dtparam=uart0`: /dev/ttyAMA0",
            radio: "on a UART of its own, none of the header"),
    ]

    /// The profile of a model; nil for a board that is not known.
    static func find(_ model: String) -> BoardProfile? {
        all.first { model.hasPrefix($0.modelPrefix) }
    }
}
