//! The binary `orderlog`. All its code is in the library beside it, which can be compiled while its dependencies are
//! still being compiled; a binary would wait for them.

fn main() -> std::process::ExitCode {
    orderlog::main()
}
