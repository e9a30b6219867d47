//! The binary `orderlog`. All of it stands in the library beside it, which is compiled while the crates that it uses still are;
//! a binary would wait for them.

fn main() -> std::process::ExitCode {
    orderlog::main()
}
