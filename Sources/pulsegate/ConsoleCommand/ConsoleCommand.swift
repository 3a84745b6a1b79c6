import Configuration
import ControlSocket
import LineEditor
import Linux

/// `pulsegate console`: the gateway's commands, typed at a terminal, on a serial line, or from a
/// pipe.
///
/// It is a process of its own that asks the gateway by its socket: whatever happens at the
/// keyboard, the pipeline does not wait for it, and with the gateway down it still answers.
enum ConsoleCommand {
    static func run(_ arguments: [String]) -> Int32 {
        let options: Options
        do throws(OptionsError) {
            options = try Options(arguments, known: [CommandOption("config", takesValue: true)])
        } catch {
            Console.error("console: \(error); \(Usage.hint("console"))")
            return ExitStatus.usage
        }
        guard options.operands.isEmpty else {
            Console.error(
                "console: \(options.operands[0]) is one word too many; \(Usage.hint("console"))")
            return ExitStatus.usage
        }
        let path = options.values["config"] ?? Installation.configurationPath
        let desk = ConsoleDesk(configurationPath: path)
        return Terminal.isTerminal(0) ? typed(desk) : piped(desk)
    }

    // MARK: At a terminal

    private static func typed(_ desk: ConsoleDesk) -> Int32 {
        let editor = LineEditor(
            words: ConsoleDesk.words, prompts: ["pulsegate> ", "really? (yes/no) "],
            tick: { desk.news() })
        guard let editor else {
            Console.error("console: this terminal cannot be used")
            return ExitStatus.failure
        }
        Console.write(desk.greeting())
        while let line = editor.read() {
            switch desk.take(line, ask: { ask($0, editor) }) {
            case .text(let text): Console.write(text)
            case .watch: watch(desk)
            case .end: return ExitStatus.success
            }
        }
        return ExitStatus.success
    }

    private static func ask(_ question: ConsoleDesk.Question, _ editor: LineEditor) -> String? {
        switch question {
        case .really: editor.read(prompt: 1)
        // Nobody reads it over a shoulder, or later in what a terminal has kept.
        case .pin: Terminal.readHidden(prompt: "PIN: ")
        }
    }

    /// Heart rates once a second until Enter is pressed.
    private static func watch(_ desk: ConsoleDesk) {
        Console.line("once a second, until Enter is pressed")
        for _ in 0..<3_600 {
            Console.write(desk.rates())
            if Terminal.waitForInput(nanoseconds: 1_000_000_000) { return Terminal.dropInput() }
        }
    }

    // MARK: From a pipe

    /// Line by line: the answers and nothing else. A question is answered by the next line.
    private static func piped(_ desk: ConsoleDesk) -> Int32 {
        var lines = PipedLines()
        while let line = lines.next() {
            switch desk.take(line, ask: { _ in lines.next() }) {
            case .text(let text): Console.write(text)
            case .watch: Console.write(desk.rates())
            case .end: return ExitStatus.success
            }
        }
        return ExitStatus.success
    }
}

/// Where an installed gateway has its things.
enum Installation {
    static let configurationPath = "/etc/pulsegate/pulsegate.conf"
    static let dataFolder = "/var/lib/pulsegate"
    static let runtimeFolder = "/run/pulsegate"
    static let unit = "pulsegate.service"
}
