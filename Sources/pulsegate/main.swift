import Configuration
import Linux

/// The version of this program (semver.org).
let programVersion = "0.1.0"

CRC32CInstruction.use()
SecretMemory.forbidCrashReports()
do throws(SystemError) {
    try SecretMemory.forbidCoreDumps()
} catch {
    Console.error("\(error); a core file would have access keys in it")
}
let words = Array(CommandLine.arguments.dropFirst())
let rest = Array(words.dropFirst())

switch words.first {
case "decode": endProcess(DecodeCommand.run(rest))
case "demo": endProcess(DemoCommand.run(rest))
case "simulate": endProcess(SimulateCommand.run(rest))
case "run": endProcess(RunCommand.run(rest))
case "check": endProcess(CheckCommand.run(rest))
case "net": endProcess(NetCommand.run(rest))
case "scan": endProcess(ScanCommand.run(rest))
case "ble": endProcess(BleCommand.run(rest))
case "alarm": endProcess(AlarmCommand.run(rest))
case "board": endProcess(BoardCommand.run(rest))
case "ring": endProcess(RingCommand.run(rest))
case "doctor": endProcess(DoctorCommand.run(rest))
case "support": endProcess(SupportCommand.run(rest))
case "console": endProcess(ConsoleCommand.run(rest))
case "config":
    Console.write(Configuration.reference)
case "version", "--version", "-V":
    Console.line("pulsegate \(programVersion)")
case "help", "--help", "-h":
    Console.write(Usage.text)
case nil:
    Console.write(Usage.text)
    endProcess(ExitStatus.usage)
case .some(let word):
    Console.error("\(word) is no command; `pulsegate help` lists them")
    endProcess(ExitStatus.usage)
}
