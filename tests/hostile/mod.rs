//! Plugins that misbehave, through the command line. What the sandbox itself does with them is tested in host/plugins.

use crate::support::User;

#[test]
fn a_component_that_wants_more_than_its_world_is_refused_by_name() {
    let user = User::new();
    // A component whose only import is a function that no world offers.
    let component = "(component (import \"wasi:sockets/tcp@0.2.0\" (instance)))";
    let path = user.write("greedy.wat", component);
    user.run(["plugin", "add", path.to_str().unwrap()]).expect(2);
}
