//! Memory that is wiped when it is given back, word by word.
//!
//! `zeroize` wipes a vector of bytes one byte at a time, and its whole capacity a second time. What is held here never
//! grows, so that nothing beyond its length was written.

use std::ops::{Deref, DerefMut};

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
