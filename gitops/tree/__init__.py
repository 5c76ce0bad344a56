"""Work trees as git trees and back, without ever letting git or libgit2 touch a builder's files."""
