//! Plain accesses, and lives of heap blocks.

use super::world::World;

fn variable(world: &mut World) -> String {
    format!("x{}", world.random.below(4))
}

/// Some bytes near 0x1000, a few of them many.
fn bytes(world: &mut World) -> String {
    let offset = world.random.below(24);
    let len = match world.random.below(20) {
        0 => 65 + world.random.below(300),
        1 => 20 + world.random.below(45),
        _ => world.random.pick(&[1, 2, 3, 4, 8, 8, 16]),
    };
    format!(
        "{:#x}:{len}",
        0x1000 + offset * world.random.pick(&[1, 1, 4, 8, 16])
    )
}

pub(super) fn read(world: &mut World, thread: usize) -> bool {
    let of = variable(world);
    world.line(thread, &format!("r({of})"));
    true
}

pub(super) fn write(world: &mut World, thread: usize) -> bool {
    let of = variable(world);
    world.line(thread, &format!("w({of})"));
    true
}

pub(super) fn read_bytes(world: &mut World, thread: usize) -> bool {
    let of = bytes(world);
    world.line(thread, &format!("r({of})"));
    true
}

pub(super) fn write_bytes(world: &mut World, thread: usize) -> bool {
    let of = bytes(world);
    world.line(thread, &format!("w({of})"));
    true
}

fn block(world: &mut World) -> String {
    if world.random.chance(20) {
        variable(world)
    } else {
        bytes(world)
    }
}

pub(super) fn alloc(world: &mut World, thread: usize) -> bool {
    let of = block(world);
    world.line(thread, &format!("alloc({of})"));
    true
}

pub(super) fn free(world: &mut World, thread: usize) -> bool {
    let of = block(world);
    world.line(thread, &format!("free({of})"));
    true
}
