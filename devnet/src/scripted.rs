//! A node that serves a chain given as data, and misbehaves on command.
