//! Memory that is wiped when it is given back, word by word.
//!
//! `zeroize` wipes a vector of bytes one byte at a time, and its whole capacity a second time. What is held here never
//! grows, so that nothing beyond its length was written.

use std::ops::{Deref, DerefMut};

use bytemuck::Pod;
use zeroize::Zeroize;

/// A vector whose elements are wiped at the end. It has its room from the beginning, so that no copy is left behind.
pub(crate) struct Wiped<T: Zeroize> {
    elements: Vec<T>,
}

impl<T: Zeroize> Wiped<T> {
    /// Empty, with room for as many elements as it will ever hold.
    pub(crate) fn with_room(capacity: usize) -> Self {
        Self { elements: Vec::with_capacity(capacity) }
    }

    /// Put one more in.
    pub(crate) fn push(&mut self, element: T) {
        assert!(self.elements.len() < self.elements.capacity(), "a wiped vector does not grow");
        self.elements.push(element);
    }
}

/// Elements of 32 bytes as bytes.
pub(crate) type WipedElements = Wiped<[u64; 4]>;

impl WipedElements {
    /// So many elements of zeros.
    pub(crate) fn zeros(count: usize) -> Self {
        Self { elements: vec![[0; 4]; count] }
    }

    /// Their bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.elements)
    }

    /// Their bytes, to be written.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.elements)
    }
}

impl<T: Zeroize> Deref for Wiped<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.elements
    }
}

impl<T: Zeroize> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.elements
    }
}

impl<T: Zeroize> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.elements.iter_mut().zeroize();
    }
}

/// A vector of plain data, made of words, that is wiped at the end: also what stood there before it became shorter.
///
/// It must not grow beyond its room, for memory that moves leaves a copy behind.
pub(crate) struct Secret<T: Pod> {
    elements: Vec<T>,
}

impl<T: Pod> Secret<T> {
    /// Have room for so many. What does not fit is wiped, and is lost, before a larger place is taken.
    pub(crate) fn clear_with_room(&mut self, capacity: usize) {
        self.elements.clear();
        if self.elements.capacity() < capacity {
            *self = Self { elements: Vec::with_capacity(capacity) };
        }
    }
}

impl<T: Pod> Default for Secret<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Pod> From<Vec<T>> for Secret<T> {
    fn from(elements: Vec<T>) -> Self {
        Self { elements }
    }
}

impl<T: Pod> Deref for Secret<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.elements
    }
}

impl<T: Pod> DerefMut for Secret<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.elements
    }
}

impl<T: Pod> Drop for Secret<T> {
    fn drop(&mut self) {
        self.elements.resize(self.elements.capacity(), T::zeroed());
        bytemuck::cast_slice_mut::<_, u64>(&mut self.elements).zeroize();
    }
}
