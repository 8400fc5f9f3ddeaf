import ControlCommands

@main
struct Waltctl {
  static func main() async { await WaltctlCommand.main() }
}
