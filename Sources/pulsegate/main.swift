import Linux

// The program's name and a command: everything else is the command's.
let arguments = Array(CommandLine.arguments.dropFirst())

switch arguments.first {
case "decode": endProcess(DecodeCommand.run(Array(arguments.dropFirst())))
default: endProcess(ExitStatus.usage)
}
