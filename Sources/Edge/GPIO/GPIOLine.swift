internal import CGPIO
internal import Glibc

/// How a line is wired.
public struct GPIOWiring: Equatable, Sendable {
    /// How an output makes its two levels (<linux/gpio.h>, GPIO_V2_LINE_FLAG_OPEN_DRAIN).
    public enum Drive: String, CaseIterable, Sendable {
        case pushPull = "push_pull"
        case openDrain = "open_drain"
        case openSource = "open_source"
    }

    /// What pulls an input that nobody drives.
    public enum Bias: String, CaseIterable, Sendable {
        /// As it was found.
        case asIs = "as_is"
        case none
        case pullUp = "pull_up"
        case pullDown = "pull_down"
    }

    /// The label of its chip, or the chip's name.
    public var chip: String
    /// Number or name.
    public var line: String
    public var isActiveLow: Bool
    public var drive: Drive
    public var bias: Bias

    public init(
        chip: String, line: String, isActiveLow: Bool = false, drive: Drive = .pushPull,
        bias: Bias = .asIs
    ) {
        self.chip = chip
        self.line = line
        self.isActiveLow = isActiveLow
        self.drive = drive
        self.bias = bias
    }
}

/// One line that is held: a lamp, a buzzer or a button.
///
/// When the process ends, however it ends, the kernel closes the line. Which level it has then is
/// the driver's business: gpio-sim and most expanders go back to the line's pull, and the
/// Raspberry Pi's keeps the level or makes the line an input, as its version is. So an output is
/// switched off before it is released, and a lamp that must be dark after a crash needs a
/// resistor that pulls its line.
@safe
public final class GPIOLine {
    private let held: OpaquePointer
    private let wiring: GPIOWiring
    private let label: String
    private let isOutput: Bool

    /// Takes an output, which begins inactive.
    public convenience init(output wiring: GPIOWiring, consumer: String) throws(GPIOError) {
        try self.init(wiring, consumer: consumer, isOutput: true, debounceNanoseconds: 0)
    }

    /// Takes an input whose edges are wanted. The kernel debounces it where libgpiod can ask for
    /// that.
    public convenience init(
        button wiring: GPIOWiring, consumer: String, debounceNanoseconds: Int64
    ) throws(GPIOError) {
        try self.init(
            wiring, consumer: consumer, isOutput: false, debounceNanoseconds: debounceNanoseconds)
    }

    private init(
        _ wiring: GPIOWiring, consumer: String, isOutput: Bool, debounceNanoseconds: Int64
    ) throws(GPIOError) {
        let chip = try GPIOChip.find(wiring.chip)
        let offset = try chip.offset(of: wiring.line)
        let drive =
            switch wiring.drive {
            case .pushPull: PULSEGATE_GPIO_PUSH_PULL
            case .openDrain: PULSEGATE_GPIO_OPEN_DRAIN
            case .openSource: PULSEGATE_GPIO_OPEN_SOURCE
            }
        let bias =
            switch wiring.bias {
            case .asIs: PULSEGATE_GPIO_AS_IS
            case .none: PULSEGATE_GPIO_NO_BIAS
            case .pullUp: PULSEGATE_GPIO_PULL_UP
            case .pullDown: PULSEGATE_GPIO_PULL_DOWN
            }
        var settings = pulsegate_gpio_settings(
            is_output: isOutput ? 1 : 0, is_active_low: wiring.isActiveLow ? 1 : 0,
            drive: Int32(drive), bias: Int32(bias),
            debounce_microseconds: UInt32(clamping: debounceNanoseconds / 1_000))
        var line: OpaquePointer?
        let number = unsafe pulsegate_gpio_request(chip.path, offset, consumer, &settings, &line)
        guard number == 0, let line = unsafe line else {
            throw Self.error(number, wiring, chip, offset)
        }
        unsafe held = line
        self.wiring = wiring
        label = chip.label
        self.isOutput = isOutput
    }

    private static func error(
        _ number: Int32, _ wiring: GPIOWiring, _ chip: GPIOChip, _ offset: UInt32
    ) -> GPIOError {
        switch number {
        case EBUSY:
            .busy(
                line: wiring.line, chip: chip.label,
                consumer: chip.line(offset)?.consumer ?? "somebody")
        case EACCES, EPERM: .denied(path: chip.path)
        case ENOTSUP, EINVAL: .notSupported(line: wiring.line, chip: chip.label)
        case ENODEV, ENOENT, ENXIO: .gone(line: wiring.line, chip: chip.label)
        default: .failed(line: wiring.line, chip: chip.label, reason: reason(number))
        }
    }

    private static func reason(_ number: Int32) -> String {
        unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    }

    /// Off first: what a driver makes of a released line is its own business.
    deinit {
        if isOutput { _ = unsafe pulsegate_gpio_set(held, 0) }
        unsafe pulsegate_gpio_release(held)
    }

    /// The level, in the sense of the wiring: on is active.
    public func set(_ isOn: Bool) throws(GPIOError) {
        let number = unsafe pulsegate_gpio_set(held, isOn ? 1 : 0)
        if number != 0 { throw lost(number) }
    }

    /// Readable when a button's line has an edge.
    public var number: Int32 { unsafe pulsegate_gpio_descriptor(held) }

    /// Takes one edge of a button that the poller has seen: whether it went to pressed.
    public func takeEdge() throws(GPIOError) -> Bool {
        let edge = unsafe pulsegate_gpio_edge(held)
        if edge < 0 { throw lost(-edge) }
        return edge == 1
    }

    private func lost(_ number: Int32) -> GPIOError {
        number == ENODEV || number == EIO
            ? .gone(line: wiring.line, chip: label)
            : .failed(line: wiring.line, chip: label, reason: Self.reason(number))
    }
}
